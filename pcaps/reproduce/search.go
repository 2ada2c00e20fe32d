package reproduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"rehearse/pcaps/signature"
	"rehearse/pcaps/story"
)

// ErrNothing is a capture in which no client wants anything that a scenario knows.
var ErrNothing = errors.New("no client in the capture signs in, joins a meeting or fetches a page")

// Found is a scenario made of a capture.
type Found struct {
	Plan *Plan
	// Differences are what its rehearsal does otherwise; none: it ends as the capture
	// did. Same is how many fields are alike.
	Differences []signature.Difference
	Same        int
	// Tried is how many hypotheses were rehearsed.
	Tried int
}

// Options are the choices of Scenario.
type Options struct {
	Bench
	Given Given
	// Progress, if there is one, is called after each rehearsal.
	Progress func(tried, differences int)
}

// The limits of a search: how many hypotheses a plan can be built of, and how many
// rehearsals there are.
const (
	rounds   = 4
	maxTries = 150
)

// Scenario makes a scenario of a capture that was read with its events.
func Scenario(ctx context.Context, s *story.Summary, opt Options) (*Found, error) {
	opt.Secrets = s.Secrets || s.Decrypted != nil
	h := &search{ctx: ctx, opt: opt, want: signature.Of(s), known: map[string]bool{}}
	g := &guesser{view: signature.Look(s), log: s.Events, sum: s}
	plan := guess(s, opt.Given)
	if len(plan.Steps) == 0 || len(plan.Clients) == 0 {
		return nil, ErrNothing
	}
	best, err := h.judge(plan)
	if err != nil {
		return nil, fmt.Errorf("the first scenario made of the capture cannot be rehearsed: %w", err)
	}
	if best, err = h.climb(best, func(p *Plan) []move { return g.moves(p, opt.Given) }); err != nil {
		return nil, err
	}
	plan = best.plan
	plan.expect(best.rehearsed)
	return &Found{Plan: plan, Differences: best.differences, Same: best.same, Tried: h.tried}, nil
}

// search is the state of Scenario.
type search struct {
	ctx   context.Context
	opt   Options
	want  signature.Signature
	known map[string]bool // texts of plans that were tried
	tried int
}

// score is how a plan's rehearsal compares.
type score struct {
	plan        *Plan
	rehearsed   *Rehearsed
	differences []signature.Difference
	same        int
}

// better says whether a plan is nearer than another: it has fewer differences or, with
// as many, shares more.
func (s score) better(o score) bool { return s.order(o) < 0 }

func (s score) order(o score) int {
	return cmp.Or(cmp.Compare(len(s.differences), len(o.differences)), cmp.Compare(o.same, s.same))
}

// width is how many plans are built on in each round.
const width = 3

// climb goes from a plan to the nearest that can be built of it, round by round. It
// ends at the first without a difference.
func (h *search) climb(first score, moves func(*Plan) []move) (score, error) {
	best, front := first, []score{first}
	for range rounds {
		var next []score
		for _, likely := range []bool{true, false} {
			if len(next) > 0 {
				break
			}
			for _, from := range front {
				next = append(next, h.round(from, moves(from.plan), likely, &best)...)
			}
		}
		if err := h.ctx.Err(); err != nil || len(best.differences) == 0 {
			return best, err
		}
		slices.SortStableFunc(next, func(a, b score) int { return a.order(b) })
		if front = next[:min(len(next), width)]; len(front) == 0 {
			break
		}
	}
	return best, nil
}

// round tries all hypotheses on a plan that are likely, or all others, and gives the
// plans that are nearer.
func (h *search) round(from score, moves []move, likely bool, best *score) []score {
	var next []score
	for _, m := range moves {
		if m.likely(from.differences) != likely {
			continue
		}
		if len(best.differences) == 0 || h.tried >= maxTries || h.ctx.Err() != nil {
			break
		}
		if s, ok := h.try(from, m); ok {
			next = append(next, s)
			if s.better(*best) {
				*best = s
			}
		}
	}
	return next
}

// try rehearses a plan with one thing changed, once, and says whether that is nearer.
func (h *search) try(from score, m move) (score, bool) {
	q := from.plan.clone()
	if !m.relevant(from.differences) || !m.on(q) || h.known[q.YAML()] {
		return score{}, false
	}
	s, err := h.judge(q)
	return s, err == nil && s.better(from)
}

// judge rehearses a plan.
func (h *search) judge(p *Plan) (score, error) {
	text := p.YAML()
	h.known[text] = true
	s := score{plan: p}
	h.tried++
	scenario, err := Load(text)
	if err != nil {
		return s, err
	}
	if s.rehearsed, err = h.opt.Rehearse(h.ctx, scenario); err != nil {
		return s, err
	}
	s.differences, s.same = signature.Compare(s.rehearsed.Signature, h.want)
	s.rehearsed.Capture = nil // it may be large
	if h.opt.Progress != nil {
		h.opt.Progress(h.tried, len(s.differences))
	}
	return s, nil
}

// expect has a plan state how its rehearsal ended.
func (p *Plan) expect(r *Rehearsed) {
	// The steps of faults come first, and have no expectations.
	own := r.Report.Steps[len(r.Report.Steps)-len(p.Steps):]
	for i := range p.Steps {
		o := own[i].Outcome
		lines := []string{"stage: " + string(o.Stage), "result: " + string(o.Result)}
		if o.Code != "" {
			lines = append(lines, "code: "+o.Code)
		}
		if o.Media != "" {
			lines = append(lines, "media: "+o.Media)
		}
		p.Steps[i].Expect = lines
	}
}
