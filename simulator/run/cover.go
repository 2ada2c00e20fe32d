package run

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
	"rehearse/simulator/scenario"
)

// Cover gathers what scenarios do with each line of their policies: it counts
// transactions, each once, by the evaluation at its end. The zero Cover is empty;
// it is a Watcher.
type Cover struct {
	mu       sync.Mutex
	programs map[string]*Covered // by their texts
	of       map[*policy.Policy]*Covered
}

// Covered is one policy, whatever appliances had it.
type Covered struct {
	Files []*cpl.File
	// Options are those of the oldest release that had it; what the preprocessor
	// leaves is the same for all.
	Options policy.Options
	Counts  policy.Counts
	key     string
	cover   policy.Coverage
	by      map[string]map[string]bool // names of scenarios by line
}

// Installed implements Watcher.
func (c *Cover) Installed(_ *scenario.Scenario, p *Program) {
	if len(p.Files) == 0 {
		return
	}
	key := programKey(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.programs == nil {
		c.programs, c.of = map[string]*Covered{}, map[*policy.Policy]*Covered{}
	}
	one := c.programs[key]
	if one == nil {
		one = &Covered{Files: p.Files, Options: p.Options, key: key, by: map[string]map[string]bool{}}
		c.programs[key] = one
	}
	if p.Options.Release.Compare(one.Options.Release) < 0 {
		one.Files, one.Options = p.Files, p.Options
	}
	c.of[p.Policy] = one
}

// programKey tells programs apart by what the preprocessor leaves of them.
func programKey(p *Program) string {
	var b strings.Builder
	for _, f := range p.Files {
		b.WriteString(f.Name + "\x00" + string(f.Source) + "\x00")
		b.WriteString(cpl.Print(f.Resolve(cpl.Environment{Release: p.Options.Release, Enforcement: p.Options.Enforcement})) + "\x00")
	}
	return b.String()
}

// Finished implements Watcher.
func (c *Cover) Finished(s *scenario.Scenario, t policy.Trace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.of[t.Decision.Policy()]
	if one == nil {
		return
	}
	one.cover.Count(t.Decision)
	for _, step := range t.Decision.Steps {
		if step.Mark == policy.Match {
			one.touch(step.At, s.Name)
		}
		for _, at := range step.Lines {
			one.touch(at, s.Name)
		}
	}
}

func (one *Covered) touch(at, name string) {
	if one.by[at] == nil {
		one.by[at] = map[string]bool{}
	}
	one.by[at][name] = true
}

// Programs are the policies, in the order of their files' names and texts.
func (c *Cover) Programs() []*Covered {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := slices.SortedFunc(maps.Values(c.programs), func(a, b *Covered) int { return cmp.Compare(a.key, b.key) })
	for _, one := range list {
		one.Counts = one.cover.Counts()
	}
	return list
}

// FileCover is what became of the lines of one source. Sources of one name whose
// texts differ are told apart.
type FileCover struct {
	File       string      `json:"file"`
	Rules      []LineCover `json:"rules"`
	Conditions []LineCover `json:"conditions"` // lines of named conditions
	source     string
}

// LineCover is what became of one line.
type LineCover struct {
	Line    int    `json:"line"`
	Within  string `json:"within"` // the layer's header, or the name of the condition
	Text    string `json:"text"`
	Matches int64  `json:"matches"`
	// Scenarios are the names of those that made it match, in order.
	Scenarios []string `json:"scenarios"`
}

// Files are the sources of all programs, each with its lines in order. Rules that
// no preprocessor kept are there too: nothing matched them.
func (c *Cover) Files() []FileCover {
	var list []FileCover
	for _, one := range c.Programs() {
		for _, f := range one.Files {
			i := slices.IndexFunc(list, func(have FileCover) bool { return have.File == f.Name && have.source == string(f.Source) })
			if i < 0 {
				i = len(list)
				list = append(list, lines(f))
			}
			list[i].add(one)
		}
	}
	return list
}

// lines are those of a source, with nothing counted.
func lines(f *cpl.File) FileCover {
	out := FileCover{File: f.Name, source: string(f.Source), Rules: []LineCover{}, Conditions: []LineCover{}}
	line := func(at diag.Span, within, text string) LineCover {
		return LineCover{Line: at.Start.Line, Within: within, Text: text, Scenarios: []string{}}
	}
	for _, it := range f.Items {
		switch it := it.(type) {
		case *cpl.Layer:
			for _, s := range it.Sections {
				for _, r := range s.Rules {
					out.Rules = append(out.Rules, line(r.At, cpl.LayerHeader(it), cpl.RuleText(r)))
				}
			}
		case *cpl.Definition:
			if !strings.HasSuffix(it.Type, "condition") {
				continue
			}
			for _, l := range it.Lines {
				out.Conditions = append(out.Conditions, line(l.At, it.Name, cpl.LineText(it, l)))
			}
		}
	}
	return out
}

// add counts what a program with this source did.
func (f *FileCover) add(one *Covered) {
	each := func(list []LineCover, counts map[string]int64) {
		for i := range list {
			l := &list[i]
			at := f.File + ":" + strconv.Itoa(l.Line)
			l.Matches += counts[at]
			for name := range one.by[at] {
				if place, found := slices.BinarySearch(l.Scenarios, name); !found {
					l.Scenarios = slices.Insert(l.Scenarios, place, name)
				}
			}
		}
	}
	each(f.Rules, one.Counts.Rules)
	each(f.Conditions, one.Counts.Lines)
}

// Rate is how many rules of the files matched, of how many.
func Rate(files []FileCover) (matched, rules int) {
	for _, f := range files {
		for _, r := range f.Rules {
			rules++
			if r.Matches > 0 {
				matched++
			}
		}
	}
	return matched, rules
}
