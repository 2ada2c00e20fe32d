package policy

import (
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// Call is one action of a define action block.
type Call struct {
	Name string   // "set", "rewrite", "redirect"
	Args []string // before substitution
	At   string   // "file:line"
}

func calls(d *cpl.Definition) []Call {
	list := []Call{}
	for _, line := range d.Lines {
		if line.Call == nil {
			continue
		}
		call := Call{Name: line.Call.Name, At: place(line.Call.At)}
		for _, a := range line.Call.Args {
			call.Args = append(call.Args, a.Text)
		}
		list = append(list, call)
	}
	return list
}

// CallsOf are the actions of a define action block, in order; false where policy
// has no such block.
func (p *Policy) CallsOf(label string) ([]Call, bool) {
	list, ok := p.actions[cpl.LabelKey(label)]
	return list, ok
}

// Actions are the labels, in lower case, of the action blocks that are switched
// on, in the order in which they were. action.NAME(yes) adds one and
// action.NAME(no) takes it away again; action(NAME) leaves NAME alone.
func (d Decision) Actions() []string {
	var on []string
	d.props.each(func(e *effect) {
		if e.base != "action" {
			return
		}
		if e.arg == "" {
			on = nil
			for _, a := range e.args {
				on = append(on, cpl.LabelKey(a))
			}
			return
		}
		on = slices.DeleteFunc(on, func(a string) bool { return a == e.arg })
		if yes, _ := parseBoolean(firstOf(e.args)); yes {
			on = append(on, e.arg)
		}
	})
	return on
}

// Setting is a property that a rule set.
type Setting struct {
	Name string   // "ssl.forward_proxy", "action.tagit"
	Args []string // the policy's
	At   string   // "file:line"
}

// String is the setting as policy has it: ssl.forward_proxy(no).
func (s Setting) String() string { return s.Name + "(" + strings.Join(s.Args, ", ") + ")" }

// Settings are all properties that rules set, each with its last value, in the
// order in which they were first set.
func (d Decision) Settings() []Setting {
	var list []Setting
	d.props.each(func(e *effect) {
		s := Setting{e.name, e.args, e.at}
		if i := slices.IndexFunc(list, func(o Setting) bool { return o.Name == e.name }); i >= 0 {
			list[i] = s
		} else {
			list = append(list, s)
		}
	})
	return list
}
