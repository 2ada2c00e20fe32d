package load

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/reports/diag"
	"rehearse/reports/journal"
)

// Limit is what a number of a report may not exceed: "p99<2s" of every step, or "tls
// p90<300ms" of one stage of each, or "failed<1%".
type Limit struct {
	text  string
	stage journal.Stage // "" means the whole step
	value string        // of a Spread, or failed
	most  float64       // milliseconds, or percent
}

const failed = "failed"

// String is the limit as it was written.
func (l Limit) String() string { return l.text }

// Failures says whether the limit is one of how many may fail.
func (l Limit) Failures() bool { return l.value == failed }

// ParseLimit reads "[STAGE] VALUE<DURATION" or "failed<SHARE%".
func ParseLimit(text string) (Limit, error) {
	m := regexp.MustCompile(`^\s*(?:([a-z]+)\s+)?([a-z0-9]+)\s*<=?\s*(\S+)\s*$`).FindStringSubmatch(text)
	if m == nil {
		return Limit{}, fmt.Errorf("limit %q, want [STAGE] VALUE<TIME such as \"p99<2s\" or \"tls p90<300ms\", or \"failed<1%%\"", text)
	}
	l := Limit{text: text, stage: journal.Stage(m[1]), value: m[2]}
	if l.stage != "" && l.stage.Rank() < 0 {
		return l, unknown(text, "stage", m[1], stageNames())
	}
	if l.value == failed && l.stage == "" {
		share, err := strconv.ParseFloat(strings.TrimSuffix(m[3], "%"), 64)
		if err != nil || !strings.HasSuffix(m[3], "%") || share < 0 || share > 100 {
			return l, fmt.Errorf("limit %q: share %q, want one such as 1%%", text, m[3])
		}
		l.most = share
		return l, nil
	}
	if !slices.Contains(Values(), l.value) {
		allowed := Values()
		if l.stage == "" {
			allowed = append(allowed, failed)
		}
		return l, unknown(text, "value", l.value, allowed)
	}
	most, err := time.ParseDuration(m[3])
	if err != nil || most < 0 {
		return l, fmt.Errorf("limit %q: time %q, want one such as 300ms or 2s", text, m[3])
	}
	l.most = millis(most)
	return l, nil
}

func unknown(text, what, got string, allowed []string) error {
	also := ""
	if near := diag.Nearest(got, slices.Values(allowed)); near != "" {
		also = "; did you mean " + near + "?"
	}
	return fmt.Errorf("limit %q: %s %q, want one of %s%s", text, what, got, strings.Join(allowed, ", "), also)
}

func stageNames() (names []string) {
	for _, s := range journal.Stages {
		names = append(names, string(s))
	}
	return names
}

// Breach is a limit that a step exceeded.
type Breach struct {
	Limit Limit
	Step  Step
	Got   string
}

// Breaches are the steps that exceed a limit, in order. A step that nobody took, or
// that came to no such stage, exceeds none.
func (l Limit) Breaches(r *Report) (all []Breach) {
	for _, s := range r.Steps {
		if got, over := l.exceeded(s); over {
			all = append(all, Breach{l, s, got})
		}
	}
	return all
}

func (l Limit) exceeded(s Step) (got string, over bool) {
	if s.Taken == 0 {
		return "", false
	}
	if l.value == failed {
		share := float64(s.Taken-s.AsExpected) / float64(s.Taken) * 100
		return fmt.Sprintf("%.3g%%", share), share > l.most
	}
	spread := s.MS
	if l.stage != "" {
		i := slices.IndexFunc(s.Stages, func(x Stage) bool { return x.Stage == l.stage })
		if i < 0 {
			return "", false
		}
		spread = s.Stages[i].MS
	}
	ms, _ := spread.Value(l.value)
	return time.Duration(ms * float64(time.Millisecond)).String(), ms > l.most
}
