package client

import (
	"crypto/tls"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"rehearse/reports/journal"
	"rehearse/simulator/sipauth"
)

const (
	// sipLimit is how long a request waits for its final answer: pidgin-sipe's.
	sipLimit = 60 * time.Second
	// think is the client's own time after each answer. What comes together with
	// an answer has then been taken, too; and as it is no whole number of
	// milliseconds, nothing that the client does falls on the same instant as what
	// is under way to it. So the journal's order is always the same.
	think = 1300 * time.Microsecond
)

// session is one SIP connection of a client. Requests may be sent from any
// goroutine; one goroutine of its own reads.
type session struct {
	*Client
	flow *flow
	conn *tls.Conn
	id   identity

	register *dialog
	contacts *dialog // subscriptions to be ended
	self     *dialog
	homes    provision
	skype    bool // the server is one of Microsoft's kind

	mu      sync.Mutex    // guards writing, the identity's contact, and what follows
	expires time.Duration // of the registration
	alive   time.Duration // between keep-alives
	auth    *sipauth.Client
	pending map[string]*pending    // by transaction
	notes   map[string]chan []byte // bodies of notifications, by Call-ID
	closing bool

	done chan struct{} // closed when reading has ended
	err  error         // why; set before done is closed
}

// pending is a request that waits for its final answer.
type pending struct {
	answer   chan *sip.Response
	unsigned bool // an answer came that had to be ignored
}

func newSession(w *walk, f *flow, conn *tls.Conn) *session {
	s := &session{
		Client: w.Client, flow: f, conn: conn,
		id: w.identity(f), register: newDialog("sip:" + w.conf.User),
		auth:    sipauth.NewClient(sipauth.ClientConfig{User: w.conf.User, Password: w.conf.Password, Now: w.conf.Now}),
		alive:   60 * time.Second, // until the server says otherwise: pidgin-sipe's
		pending: make(map[string]*pending), notes: make(map[string]chan []byte),
		done: make(chan struct{}),
	}
	s.register.target = "sip:" + w.conf.Domain
	go s.read()
	return s
}

// ask sends a request and waits for its final answer. A provisional answer is
// passed over. The error may be a *stop without a stage.
func (s *session) ask(w *walk, r *request) (*sip.Response, error) {
	p := &pending{answer: make(chan *sip.Response, 1)}
	if err := s.send(r, p); err != nil {
		return nil, s.broken(err)
	}
	defer s.forget(r)
	limit := time.NewTimer(sipLimit)
	defer limit.Stop()
	select {
	case res := <-p.answer:
		return res, w.pause(think)
	case <-s.done:
		return nil, s.err
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	case <-limit.C:
		return nil, s.silence(p)
	}
}

// broken waits, after a failure to write, until the reader has seen the end, too.
func (s *session) broken(err error) error {
	var ours *stop
	if errors.As(err, &ours) {
		return err
	}
	s.conn.SetReadDeadline(time.Now().Add(time.Second))
	<-s.done
	return err
}

// silence is why no answer came in time.
func (s *session) silence(p *pending) *stop {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.unsigned {
		return &stop{result: journal.Timeout, code: codeUnsigned, note: "such answers are ignored, none other came"}
	}
	return &stop{result: journal.Timeout, code: codeTimeout}
}

// send signs and writes a request. p, where it is not nil, gets the answer.
func (s *session) send(r *request, p *pending) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.cseq == 0 {
		r.dialog.cseq++
		r.cseq = r.dialog.cseq
	}
	authorization, err := s.auth.Authorize(r.fields(s.id.uri))
	if err != nil {
		return &stop{result: journal.Aborted, code: codeProtocol, note: err.Error()}
	}
	if p != nil {
		s.pending[transaction(r.callID, r.cseq)] = p
	}
	s.record(s.flow.name, journal.SIPSent{Line: r.line()})
	return s.write(r.encode(s.id, authorization))
}

// write needs mu.
func (s *session) write(b []byte) error {
	s.conn.SetWriteDeadline(time.Now().Add(sipLimit))
	_, err := s.conn.Write(b)
	return err
}

func (s *session) forget(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, transaction(r.callID, r.cseq))
}

// transaction names a request and its answers: Call-ID and CSeq, since not every
// stack sends a branch inside a dialog.
func transaction(callID string, cseq uint32) string { return callID + " " + strconv.Itoa(int(cseq)) }

// keepAlive writes the double line end of RFC 5626 4.4.1.
func (s *session) keepAlive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write([]byte("\r\n\r\n"))
}

// close hangs up and waits for the reader.
func (s *session) close() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.conn.Close()
	<-s.done
}

// lost says whether the connection has ended.
func (s *session) lost() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}
