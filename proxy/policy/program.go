package policy

import (
	"sync"

	"rehearse/proxy/policy/cpl"
)

// Policy is a compiled policy: it decides transactions for one release. It does
// not change and is safe for concurrent use. Make one with Compile.
type Policy struct {
	opt        Options
	layers     []layer
	rules      []*rule // every rule, in source order; rule.number is its place
	named      []*namedCondition
	labels     map[string]int    // places in named by cpl.LabelKey
	actions    map[string][]Call // by cpl.LabelKey
	hosts      hostTable
	categories *categoryTable
	restrict   restriction
	index      *index // nil where it would not pay
	machines   sync.Pool
}

// Options say for what a policy is compiled.
type Options struct {
	// Release is the appliance's; the zero Release is cpl.Newest.
	Release cpl.Release
	// DefaultDeny is `policy proxy-default deny`.
	DefaultDeny bool
	// Enforcement is "appliance" ("" too) or "wss", for #if enforcement=.
	Enforcement string
	// Keyrings are the names that issuer_keyring may refer to, beyond "default".
	Keyrings []string
	// Appliance is what appliance.name= tests; "" makes it unavailable.
	Appliance string
}

// environment is what the preprocessor sees of the options.
func (o Options) environment() cpl.Environment {
	return cpl.Environment{Release: o.Release, Enforcement: o.Enforcement}
}

// layer is a compiled layer.
type layer struct {
	kind     kinds
	header   string // as the trace prints it
	number   int    // from 1, in source order
	at       string
	guard    []*condition
	sections []section
	// The rules of sections without a table are those from first to before end
	// among all such rules; tables says that there are other sections.
	first, end int
	tables     bool
}

// section is a compiled section.
type section struct {
	header string // "" for the implicit one
	at     string
	guard  []*condition
	rules  []*rule
	first  int       // without a table: the place of its first rule among all such rules
	table  *urlTable // of a hashed section: from a URL to places in rules
	server bool      // the table is about the URL sent to the server
}

// rule is a compiled rule with the defaults of its layer and section merged in.
type rule struct {
	number     int
	at         string // "file:line"
	text       string // as the trace prints it
	source     *cpl.Rule
	conditions []*condition
	effects    []effect // defaults first: of two effects on one property the last counts
	verdict    *verdictEffect
}

// effect is one setting of a property.
type effect struct {
	name string // "detect_protocol", "action.tagit"
	base string // "detect_protocol", "action"
	arg  string // "", "tagit"; lower case
	args []string
	at   string
}

// verdictEffect is what a verdict on a rule does.
type verdictEffect struct {
	verdict    Verdict // as it becomes, details before substitution
	substitute bool    // the details hold a "$("
}

// condition is a compiled condition, or the pattern of a line in a section.
type condition struct {
	text  string // as the trace prints it
	scope scope
	first Checkpoint // before it the value does not exist
	match func(*machine) value
	about *about
}

// about is what those want to know who inspect a condition.
type about struct {
	source *cpl.Condition
	saw    func(*machine) string // the value that is tested; nil where it has none of its own
}

// namedCondition is a compiled define condition.
type namedCondition struct {
	lines []conditionLine
	// table finds lines by URL, for the hashed kinds of definition; lines have the
	// rest of their conditions then.
	table  *urlTable
	server bool
	// In a plain definition, domains has the lines that are one url.domain= each,
	// where there are many, and others the places of the rest. Together they say
	// whether any line holds, not which.
	domains *urlTable
	others  []int32
}

type conditionLine struct {
	at         string
	conditions []*condition
}

// RuleInfo is a rule for those who list or count rules.
type RuleInfo struct {
	Layer string // header as the trace prints it
	At    string // "file:line"
	Text  string // as the trace prints it
}

// Rules lists the rules in source order, blocks that the preprocessor dropped
// left out. Step.Number counts in this list.
func (p *Policy) Rules() []RuleInfo {
	list := make([]RuleInfo, len(p.rules))
	for i := range p.layers {
		l := &p.layers[i]
		for _, s := range l.sections {
			for _, r := range s.rules {
				list[r.number] = RuleInfo{Layer: l.header, At: r.at, Text: r.text}
			}
		}
	}
	return list
}

// Release is the release the policy was compiled for.
func (p *Policy) Release() cpl.Release {
	if p.opt.Release == (cpl.Release{}) {
		return cpl.Newest()
	}
	return p.opt.Release
}
