package reports

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// mermaid draws what is likeliest to say why a step ended as it did as a sequence
// diagram of Mermaid, "" where nothing happened.
func mermaid(s *Scenario, step int) string {
	all := s.of(step)
	if len(all) == 0 {
		return ""
	}
	var told []Evidence
	for _, i := range chosen(all) {
		told = append(told, all[i])
	}
	lanes := ladderLanes(s, told)
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for i, name := range lanes {
		fmt.Fprintf(&b, "  participant h%d as %s\n", i, mermaidText(name))
	}
	lane := func(name string) int { return slices.Index(lanes, name) }
	for _, e := range told {
		text := mermaidText(e.Text)
		if e.Rule != "" && !strings.Contains(e.Text, e.Rule) {
			text += mermaidText(" (" + e.Rule + ")")
		}
		text = fmt.Sprintf("%.3fs %s", float64(e.AtMS)/1000, text)
		switch {
		case e.From != "" && e.Refusal:
			fmt.Fprintf(&b, "  h%d-xh%d: %s\n", lane(e.From), lane(e.To), text)
		case e.From != "":
			fmt.Fprintf(&b, "  h%d->>h%d: %s\n", lane(e.From), lane(e.To), text)
		default:
			fmt.Fprintf(&b, "  Note over h%d: %s\n", lane(e.Actor), text)
		}
	}
	return b.String()
}

// ladderLanes are the hosts that events speak of, in the order of the scenario's.
func ladderLanes(s *Scenario, events []Evidence) []string {
	var names []string
	for _, e := range events {
		for _, name := range []string{e.Actor, e.From, e.To} {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	place := func(name string) int {
		if i := slices.IndexFunc(s.Hosts, func(h Host) bool { return h.Name == name }); i >= 0 {
			return i
		}
		return len(s.Hosts)
	}
	slices.SortStableFunc(names, func(a, b string) int { return place(a) - place(b) })
	return names
}

// mermaidText is text that Mermaid takes for nothing but text: what means something
// to it, or to the HTML that it makes, stands as an entity of its own kind.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) {
			r = ' '
		}
		if strings.ContainsRune("#;<>&\"`\\%{}", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
