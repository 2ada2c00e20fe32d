package policy

import (
	"fmt"
	"io"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// WriteCoverage writes the counts of a policy as the appliance's policy coverage
// page does (KB 440188): a count, a colon and the line; layers with their number
// and place, conditions with the count behind them once more.
//
// Modelled: the article shows one rule with one condition. A header has the count
// of transactions in which a rule below it matched; each condition of a rule has
// its own count, those of a definition's line share the line's. The page is of the
// sources' text, so that what the compiler hashes or drops stands as it was
// written.
func WriteCoverage(w io.Writer, files []*cpl.File, opt Options, counts Counts) error {
	p := &coveragePage{counts: counts}
	var definitions []*cpl.Definition
	for _, f := range files {
		for _, it := range f.Resolve(opt.environment()).Items {
			switch it := it.(type) {
			case *cpl.Layer:
				p.layer(it)
			case *cpl.Definition:
				definitions = append(definitions, it)
			}
		}
	}
	for _, d := range definitions {
		p.definition(d)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

type coveragePage struct {
	b      strings.Builder
	counts Counts
	layers int
}

func (p *coveragePage) line(n int64, items ...string) {
	fmt.Fprintf(&p.b, "%d: %s\n", n, strings.Join(items, " "))
}

func (p *coveragePage) layer(l *cpl.Layer) {
	p.layers++
	at := place(l.At)
	p.line(p.counts.Headers[at], append(guardTexts(cpl.LayerHeader(l), l.Guard), fmt.Sprintf("[layer %d]", p.layers), "["+at+"]")...)
	for _, s := range l.Sections {
		if !s.Implicit {
			p.line(p.counts.Headers[place(s.At)], guardTexts(cpl.SectionHeader(s), s.Guard)...)
		}
		for _, r := range s.Rules {
			p.rule(r, s.Type == "url.regex")
		}
	}
}

func guardTexts(header string, guard []cpl.Term) []string {
	list := []string{header}
	for _, t := range guard {
		list = append(list, cpl.TermText(t))
	}
	return list
}

// rule has allow or deny in front. The pattern of a line in [url.regex] counts as
// the first of its conditions; in hashed sections it is looked up, not tried.
func (p *coveragePage) rule(r *cpl.Rule, patternTried bool) {
	at := place(r.At)
	n := p.counts.Rules[at]
	var verdicts, conditions, rest []string
	tried := 0
	held := func() (n int64) {
		if list := p.counts.Conditions[at]; tried < len(list) {
			n = list[tried]
		}
		tried++
		return n
	}
	if r.Pattern != nil {
		text := cpl.PatternText(r.Pattern)
		if patternTried {
			text = counted(text, held())
		}
		conditions = append(conditions, text)
	}
	for _, t := range r.Terms {
		text := cpl.TermText(t)
		switch t := t.(type) {
		case *cpl.Condition:
			conditions = append(conditions, counted(text, held()))
		case *cpl.Verdict:
			if strings.HasSuffix(t.Name, "exception") {
				rest = append(rest, text)
			} else {
				verdicts = append(verdicts, text)
			}
		default:
			rest = append(rest, text)
		}
	}
	p.line(n, append(append(verdicts, conditions...), rest...)...)
}

func counted(text string, n int64) string { return fmt.Sprintf("%s (%d)", text, n) }

// definition is a block between two lines without a count.
func (p *coveragePage) definition(d *cpl.Definition) {
	fmt.Fprintf(&p.b, ": define %s %s\n", d.Type, d.Name)
	for _, line := range d.Lines {
		p.definitionLine(d, line)
	}
	p.b.WriteString(": end\n")
}

func (p *coveragePage) definitionLine(d *cpl.Definition, line *cpl.Line) {
	if !strings.HasSuffix(d.Type, "condition") {
		p.line(0, cpl.LineText(d, line))
		return
	}
	n := p.counts.Lines[place(line.At)]
	var items []string
	if line.Pattern != nil {
		items = append(items, counted(cpl.LineText(d, &cpl.Line{Pattern: line.Pattern}), n))
	}
	for _, t := range line.Terms {
		items = append(items, counted(cpl.TermText(t), n))
	}
	p.line(n, items...)
}
