package client

import (
	"context"
	"sync"
	"time"

	"rehearse/reports/journal"
)

// comebacks is how long after the loss of its connection, and then after each
// failure, a client tries to sign in again. Modelled: the field says only that
// the client tries by itself; pidgin-sipe waits 60 s in such cases.
var comebacks = []time.Duration{
	5 * time.Second, 15 * time.Second, 30 * time.Second, 60 * time.Second, 60 * time.Second, 60 * time.Second,
}

// presence is a client that wants to be signed in: it keeps the connection and
// the registration alive and comes back when they are lost. One goroutine does
// that, until leave.
type presence struct {
	*Client
	quit  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	session *session
	failure *stop         // of the last attempt to come back, nil while none failed
	regain  bool          // it came back since this was last asked
	changed chan struct{} // closed and replaced when any of these changes
}

// present begins a presence with a session.
func (w *walk) present(s *session) {
	ctx, quit := context.WithCancel(context.Background())
	p := &presence{Client: w.Client, quit: quit, ended: make(chan struct{}), session: s, changed: make(chan struct{})}
	w.presence = p
	go p.keep(ctx)
}

// absent ends the client's presence and hangs up, without a word.
func (c *Client) absent() {
	if c.presence == nil {
		return
	}
	c.presence.quit()
	<-c.presence.ended
	c.presence = nil
}

func (p *presence) keep(ctx context.Context) {
	defer close(p.ended)
	defer func() { p.session.close() }()
	for {
		p.tend(ctx, p.session)
		if ctx.Err() != nil || !p.comeBack(ctx) {
			<-ctx.Done()
			return
		}
	}
}

// tend keeps a session alive until it is lost or ctx ends.
func (p *presence) tend(ctx context.Context, s *session) {
	alive := time.NewTicker(s.quiet())
	defer alive.Stop()
	refresh := time.NewTimer(s.due())
	defer refresh.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.done:
			return
		case <-alive.C:
			s.keepAlive() // a failure shows as the end of reading
		case <-refresh.C:
			w := &walk{Client: p.Client, ctx: ctx, aside: true}
			if err := s.refresh(w); err != nil {
				s.close()
				return
			}
			refresh.Reset(s.due())
		}
	}
}

// due is when to register again: 30 s before the registration ends.
func (s *session) due() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.expires-30*time.Second, s.expires/2)
}

// quiet is how long nothing may be sent before a keep-alive is due.
func (s *session) quiet() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive
}

// refresh registers again on the same connection.
func (s *session) refresh(w *walk) error {
	w.reach(s.flow.name, journal.StageRegister)
	res, err := s.ask(w, s.registration(""))
	if err != nil {
		return err
	}
	if !is2xx(res) {
		return w.sipRefusal(res)
	}
	s.registered(res)
	return nil
}

// comeBack signs in again after a loss. It says false when it gave up.
func (p *presence) comeBack(ctx context.Context) bool {
	for _, wait := range comebacks {
		w := &walk{Client: p.Client, ctx: ctx, aside: true}
		if w.pause(wait) != nil {
			return false
		}
		s, stopped := w.signIn()
		if ctx.Err() != nil {
			if s != nil {
				s.close()
			}
			return false
		}
		p.record("", journal.StepEnded{Step: "sign in again", Outcome: outcome(SignIn{}, end{stop: stopped})})
		p.change(s, stopped)
		if stopped == nil {
			return true
		}
	}
	return false
}

// change notes how an attempt to come back ended, and tells those who wait.
func (p *presence) change(s *session, failure *stop) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = failure
	if s != nil {
		p.session = s
		p.regain = true
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// current is the session to use. Where it was lost current waits for the attempt
// under way to come back; a failed one is the stop.
func (p *presence) current(w *walk) (*session, *stop) {
	for {
		p.mu.Lock()
		s, failure, changed := p.session, p.failure, p.changed
		p.mu.Unlock()
		switch {
		case !s.lost():
			return s, nil
		case failure != nil:
			return nil, failure
		}
		select {
		case <-changed:
		case <-w.ctx.Done():
			return nil, w.fail(w.ctx.Err())
		}
	}
}

// regained says whether the client had to come back since this was last asked.
func (p *presence) regained() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.regain
	p.regain = false
	return was
}
