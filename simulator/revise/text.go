package revise

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// errText is a value whose text is not as plain as it has to be.
var errText = errors.New("stands in a form that only a person can change")

// Apply makes the changes to the text of a file; all of them have to be of that
// file. Those that it cannot make are left.
func Apply(text []byte, changes []Change) ([]byte, []Left) {
	sorted := slices.Clone(changes)
	slices.SortFunc(sorted, func(a, b Change) int { return order(b.At, a.At) }) // from the end on, so that places stay
	var left []Left
	for _, c := range sorted {
		changed, err := c.apply(text)
		if err != nil {
			left = append(left, Left{c.At, c.Field, err.Error()})
			continue
		}
		text = changed
	}
	slices.Reverse(left)
	return text, left
}

func (c Change) apply(text []byte) ([]byte, error) {
	from, to := c.At.Start.Offset, c.At.End.Offset
	if from < 0 || to > len(text) || from >= to || !c.means(text[from:to]) {
		return nil, errText
	}
	if c.New == "" {
		var err error
		if from, to, err = c.entry(text, from, to); err != nil {
			return nil, err
		}
		return slices.Concat(text[:from], text[to:]), nil
	}
	return slices.Concat(text[:from], []byte(plain(c.New)), text[to:]), nil
}

// means says whether a piece of YAML is the values that were expected.
func (c Change) means(piece []byte) bool {
	var one string
	var list []string
	if yaml.Unmarshal(piece, &one) == nil {
		list = []string{one}
	} else if yaml.Unmarshal(piece, &list) != nil {
		return false
	}
	return slices.EqualFunc(list, c.values, strings.EqualFold)
}

// simple is a text that YAML takes for one without quotes.
var simple = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*$`)

// plain is a text as YAML, in quotes where it needs them.
func plain(s string) string {
	var back any
	if simple.MatchString(s) && yaml.Unmarshal([]byte(s), &back) == nil && back == any(s) {
		return s
	}
	text, _ := json.Marshal(s) // a string has nothing to fail on, and JSON is YAML
	return string(text)
}

// entry is the extent of a field with its name, and with the comma or the line that
// goes with it.
func (c Change) entry(text []byte, from, to int) (int, int, error) {
	begin := bytes.LastIndexByte(text[:from], '\n') + 1
	end := len(text)
	if i := bytes.IndexByte(text[to:], '\n'); i >= 0 {
		end = to + i
	}
	name := regexp.MustCompile(`(^|[\s{,])` + regexp.QuoteMeta(c.Field) + `\s*:\s*$`).FindSubmatchIndex(text[begin:from])
	if name == nil {
		return 0, 0, errText
	}
	from = begin + name[3] // behind what is before the name
	before, after := bytes.TrimRight(text[begin:from], " "), bytes.TrimLeft(text[to:end], " ")
	switch {
	case len(bytes.TrimSpace(before)) == 0 && len(bytes.TrimSpace(after)) == 0 && end < len(text): // a line of its own
		return begin, end + 1, nil
	case bytes.HasSuffix(before, []byte(",")):
		return begin + len(before) - 1, to, nil
	case bytes.HasSuffix(before, []byte("{")) && bytes.HasPrefix(after, []byte(",")):
		to = end - len(after) + 1
		for to < end && text[to] == ' ' {
			to++
		}
		return from, to, nil
	}
	return 0, 0, errText
}
