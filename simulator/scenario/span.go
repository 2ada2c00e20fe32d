package scenario

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"

	"rehearse/reports/diag"
)

// span is where a node stands. The YAML package knows its beginning only; the end
// is looked for on the same line.
func (r *reader) span(y *yaml.Node) diag.Span {
	start := r.src.pos(y.Line, y.Column)
	if start.Offset >= len(r.src.text) {
		return diag.Span{File: r.src.shown, Start: start}
	}
	line, _, _ := bytes.Cut(r.src.text[start.Offset:], []byte("\n"))
	return r.src.stretch(start, extent(y, strings.TrimRight(string(line), "\r")))
}

// extent is how many bytes of a line, from where it begins, are the node's.
func extent(y *yaml.Node, line string) int {
	switch {
	case line == "":
		return 0
	case y.Kind == yaml.ScalarNode && y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		return quoted(line)
	case y.Kind == yaml.ScalarNode && y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && strings.HasPrefix(line, y.Value):
		return len(y.Value)
	case y.Style&yaml.FlowStyle != 0:
		return bracketed(line)
	case y.Kind == yaml.MappingNode && len(y.Content) > 0 && strings.HasPrefix(line, y.Content[0].Value):
		return len(y.Content[0].Value)
	}
	return 1
}

func quoted(line string) int {
	mark := line[0]
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && mark == '"':
			i++
		case line[i] == mark:
			return i + 1
		}
	}
	return len(line)
}

// bracketed is the length up to the bracket that closes the first one.
func bracketed(line string) int {
	depth := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"', '\'':
			i += quoted(line[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(line)
}
