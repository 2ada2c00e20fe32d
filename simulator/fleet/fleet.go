// Package fleet spreads a run over machines: a coordinator cuts the selected
// scenarios into tasks, workers anywhere play them, and the coordinator puts what
// they report together. The result is that of a run on one machine, to the byte.
//
// Between them is NATS JetStream, a server in the coordinator's process or a
// cluster that is there anyway. Tasks lie on a work queue, from which a task goes
// when its result is safe. Whoever takes one has it for the time of a lease, which
// it renews while it plays; a worker that dies stops renewing, and its task goes to
// another one. So each task is played at least once. A result has its task's number
// for a name in the run's object store, and scenarios give the same bytes every
// time, so a second result of one task changes nothing.
//
// A task is a shard and its result a shard's report: workers play by package run,
// as a run on one machine does, and reports.Merge does the rest.
package fleet

import (
	"errors"
	"fmt"
	"io/fs"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// Job is all that workers have to know of a run. It goes to them once, as JSON.
type Job struct {
	Tool reports.Tool `json:"tool"`
	// Build tells builds of one version apart: a worker of another build does not
	// take part, for its results could differ.
	Build string `json:"build,omitempty"`
	// Texts are all files that the scenarios are made of, by the names by which
	// they name each other.
	Texts     map[string][]byte `json:"texts"`
	Scenarios []Ref             `json:"scenarios"`
	// Selected is the size of the selection of which the scenarios are a part.
	Selected int `json:"selected"`
	// Release and Policy stand in the place of what scenarios say, where they are
	// not ""; Policy is one of Texts. Overrides are the flags that said so.
	Release   string   `json:"release,omitempty"`
	Policy    string   `json:"policy,omitempty"`
	Overrides []string `json:"overrides,omitempty"`
	// Capture says what is captured; nil is nothing.
	Capture *Capture `json:"capture,omitempty"`
}

// Capture says which scenarios are captured, and how.
type Capture struct {
	Dir         string `json:"dir"` // of the names that reports give
	OnFail      bool   `json:"on_fail,omitempty"`
	WithoutKeys bool   `json:"without_keys,omitempty"`
}

// Ref is one scenario of a job.
type Ref struct {
	Place   int    `json:"place"`   // in the selection
	File    string `json:"file"`    // of Texts
	Variant int    `json:"variant"` // of the file's
}

// task is some scenarios of a run, as it lies on the queue.
type task struct {
	Run       string `json:"run"`
	Number    int    `json:"number"`
	Scenarios []Ref  `json:"scenarios"`
}

// cut makes tasks of a size.
func cut(name string, scenarios []Ref, size int) []task {
	var all []task
	for len(scenarios) > 0 {
		n := min(size, len(scenarios))
		all = append(all, task{Run: name, Number: len(all), Scenarios: scenarios[:n]})
		scenarios = scenarios[n:]
	}
	return all
}

// batch is a size of tasks that keeps many workers busy to the end and still costs
// little: a sixty-fourth of the whole, at most 25.
func batch(scenarios int) int { return min(max(scenarios/64, 1), 25) }

// texts are files in memory, by the names by which scenarios name each other, which
// may lead above a root and begin at one.
type texts map[string][]byte

// Open implements fs.FS; nothing opens these files but to read them whole.
func (t texts) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
}

// ReadFile implements fs.ReadFileFS.
func (t texts) ReadFile(name string) ([]byte, error) {
	text, ok := t[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return text, nil
}

// captureOf makes a capture of a recording, and the name that the report gives it.
type captureOf func(*run.Recording, Capture) (name string, text []byte, err error)

// player plays tasks of one job, one at a time. It keeps the file it read last:
// variants of a file follow each other.
type player struct {
	job    *Job
	over   run.Override
	bubble func(func())
	make   captureOf
	file   *scenario.File
}

func newPlayer(job *Job, bubble func(func()), capture captureOf) (*player, error) {
	p := &player{job: job, bubble: bubble, make: capture}
	if job.Release != "" {
		r, err := cpl.ParseRelease(job.Release)
		if err != nil {
			return nil, err
		}
		p.over.Release = &r
	}
	if job.Policy != "" {
		p.over.Policy = &scenario.Policy{Name: job.Policy, Source: job.Texts[job.Policy]}
	}
	return p, nil
}

// scenario is the one that a Ref means.
func (p *player) scenario(r Ref) (*scenario.Scenario, error) {
	if p.file == nil || p.file.Path != r.File {
		f, list := scenario.Load(texts(p.job.Texts), r.File, "")
		if list.HasErrors() {
			return nil, fmt.Errorf("%s: the coordinator could read it, and here it has errors: %s", r.File, list[0].Message)
		}
		p.file = f
	}
	if r.Variant < 0 || r.Variant >= len(p.file.Variants) {
		return nil, fmt.Errorf("%s: no variant %d of %d", r.File, r.Variant+1, len(p.file.Variants))
	}
	s := p.file.Variants[r.Variant]
	p.over.Apply(s)
	return s, nil
}
