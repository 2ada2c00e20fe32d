package gateway

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"rehearse/proxy/policy"
)

// Trace pages are bounded: so many, of so many bytes each; the oldest transactions go
// first.
const (
	tracePages    = 64
	tracePageSize = 1 << 20
)

// traces are the trace pages by their names, as trace.destination gives them. They are
// safe for concurrent use.
type traces struct {
	mu    sync.Mutex
	pages map[string]*tracePage
}

// tracePage is the transactions of one page, oldest first.
type tracePage struct {
	texts []string
	size  int
}

// keep puts a transaction's trace on its page. Beyond the pages that there may be, new
// names are not taken.
func (t *traces) keep(trace policy.Trace) {
	var b strings.Builder
	if err := policy.WriteTrace(&b, trace); err != nil {
		return
	}
	name := trace.Decision.Tracing().Destination
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pages == nil {
		t.pages = map[string]*tracePage{}
	}
	p := t.pages[name]
	if p == nil {
		if len(t.pages) >= tracePages {
			return
		}
		p = &tracePage{}
		t.pages[name] = p
	}
	p.texts, p.size = append(p.texts, b.String()), p.size+b.Len()
	for p.size > tracePageSize && len(p.texts) > 1 {
		p.size -= len(p.texts[0])
		p.texts = slices.Delete(p.texts, 0, 1)
	}
}

// names are the pages that there are.
func (t *traces) names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.pages))
}

// page is a page's text.
func (t *traces) page(name string) (text string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pages[name]
	if p == nil {
		return "", false
	}
	return strings.Join(p.texts, "\n"), true
}
