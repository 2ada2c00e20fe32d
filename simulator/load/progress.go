package load

import (
	"fmt"
	"sync/atomic"
)

// Progress counts what a crowd does, for somebody who looks at it from outside,
// beyond the bubble of virtual time, too. Nil counts nothing. It is safe for
// concurrent use.
type Progress struct {
	step                  atomic.Pointer[string]
	of, begun, ended, odd atomic.Int64
}

func (p *Progress) begin(step string, members int) {
	if p == nil {
		return
	}
	p.begun.Store(0)
	p.ended.Store(0)
	p.odd.Store(0)
	p.of.Store(int64(members))
	p.step.Store(&step)
}

func (p *Progress) began() {
	if p != nil {
		p.begun.Add(1)
	}
}

func (p *Progress) end(e *ending) {
	if p == nil {
		return
	}
	if !e.expected {
		p.odd.Add(1)
	}
	p.ended.Add(1)
}

// String is one line: "sign in: 312 of 500 began, 290 ended, 2 not as expected".
func (p *Progress) String() string {
	step := p.step.Load()
	if step == nil {
		return "building the world"
	}
	line := fmt.Sprintf("%s: %d of %d began, %d ended", *step, p.begun.Load(), p.of.Load(), p.ended.Load())
	if odd := p.odd.Load(); odd > 0 {
		line += fmt.Sprintf(", %d not as expected", odd)
	}
	return line
}
