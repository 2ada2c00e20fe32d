package pki

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"rehearse/proxy/emulate"
)

// Faulty is a handler around a Responder that can be made to fail. Of several faults
// that concern a request the one imposed last counts. It is safe for concurrent use;
// make one with NewFaulty.
type Faulty struct {
	mu        sync.Mutex
	responder *emulate.Responder
	levels    map[string]level
	imposed   []*imposed
}

type imposed struct {
	Fault
	kind FaultKind
}

// NewFaulty makes a Faulty around a Responder; see Serve.
func NewFaulty(r *emulate.Responder) *Faulty {
	f := &Faulty{}
	f.Serve(r)
	return f
}

// Serve puts another Responder in the place of the one before, for an appliance whose
// authorities changed; the faults stay. It sets the Responder's How, so give it one
// without.
func (f *Faulty) Serve(r *emulate.Responder) {
	levels := make(map[string]level)
	for _, a := range r.Authorities {
		if a.Parent() != nil {
			levels[a.Parent().ID()] = issuesAuthorities
		}
	}
	r.How = f.how
	f.mu.Lock()
	defer f.mu.Unlock()
	f.responder, f.levels = r, levels
}

// Impose puts a fault on until lifted. Check the fault first: one that its Check
// refuses is not passed over, all requests are answered 500 with what Check says.
func (f *Faulty) Impose(fault Fault) (lift func()) {
	i := &imposed{Fault: fault.whole()}
	var err error
	if i.kind, err = i.Fault.kind(); err != nil {
		i.Fault = Fault{What: Both}
		i.kind = FaultKind{What: Both, http: func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.imposed = append(f.imposed, i)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.imposed = slices.DeleteFunc(f.imposed, func(o *imposed) bool { return o == i })
	}
}

// concerning finds the fault imposed last on one kind of answer of one authority.
func (f *Faulty) concerning(what, id string) *imposed {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range slices.Backward(f.imposed) {
		if i.concerns(what, id, f.levels[id]) {
			return i
		}
	}
	return nil
}

func (i *imposed) concerns(what, id string, at level) bool {
	return (i.What == Both || i.What == what) && (i.kind.What == Both || i.kind.What == what) &&
		(i.Authority == "" || i.Authority == id) && (i.kind.only == nil || i.kind.only(at))
}

func (f *Faulty) how(what, id string) emulate.Answer {
	if i := f.concerning(what, id); i != nil {
		return i.kind.answer
	}
	return emulate.Answer{}
}

// ServeHTTP implements http.Handler.
func (f *Faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what, id := asked(r.URL.Path)
	i := f.concerning(what, id)
	if i != nil && !wait(w, r, i) {
		panic(http.ErrAbortHandler)
	}
	responder := f.current()
	if i == nil || i.kind.http == nil {
		responder.ServeHTTP(w, r)
		return
	}
	if responder.Seen != nil {
		responder.Seen(r.Method, what, id, i.kind.Name)
	}
	i.kind.http(w, r)
}

func (f *Faulty) current() *emulate.Responder {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.responder
}

// maxBody is more than the responder takes, in bytes.
const maxBody = 64 << 10

// wait lets a fault's delay pass; false means that the client went first. That is
// noticed only once the request's body has been read.
func wait(w http.ResponseWriter, r *http.Request, i *imposed) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var elapsed <-chan time.Time
	switch {
	case i.Delay > 0:
		timer := time.NewTimer(i.Delay)
		defer timer.Stop()
		elapsed = timer.C
	case i.kind.Name != "silent":
		return true
	}
	select {
	case <-elapsed:
		return true
	case <-r.Context().Done():
		return false
	}
}

// asked takes what is asked for, and about which authority, from a path.
func asked(path string) (what, id string) {
	what, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	id, _, _ = strings.Cut(rest, "/")
	return what, strings.TrimSuffix(id, ".crl")
}
