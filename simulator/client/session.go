package client

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
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

func (s *session) read() {
	defer close(s.done)
	defer s.conn.Close()
	in := bufio.NewReader(s.conn)
	for s.err == nil {
		m, err := readSIP(in)
		if err != nil {
			s.err = s.over(err)
			return
		}
		switch m := m.(type) {
		case *sip.Response:
			s.err = s.answered(m)
		case *sip.Request:
			s.err = s.asked(m)
		}
	}
}

// over records how the connection ended, unless the client did it.
func (s *session) over(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return err
	}
	var answer *stop
	if errors.As(err, &answer) {
		s.record(s.flow.name, journal.SIPSent{Received: true, Line: "HTTP " + strings.TrimPrefix(answer.code, "http_"), Note: answer.note})
		s.record(s.flow.name, journal.Closed{By: "client", How: "FIN", After: "HTTP answer"})
		return err
	}
	closed := journal.Closed{By: "peer", How: "FIN"}
	if _, code := classify(err); code == codeReset {
		closed.How = "RST"
	}
	s.record(s.flow.name, closed)
	return err
}

// answered takes a response: its signature is checked once there is a security
// context. A wrong one is the end of the connection, as it is for pidgin-sipe.
func (s *session) answered(res *sip.Response) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := sipauth.FieldsOf(res)
	seen := journal.SIPSent{Received: true, Line: fmt.Sprintf("%d %s", res.StatusCode, res.Reason), Note: f.Method}
	if d := diagnostics(res); d != "" {
		seen.Note += ", " + d
	}
	wait := s.pending[transaction(f.CallID, f.CSeq)]
	ignore := false
	var fatal error
	if s.auth.Ready() && res.StatusCode != 401 && res.StatusCode >= 200 {
		err := s.auth.Verify(info(res), f)
		switch {
		case errors.Is(err, sipauth.ErrUnsigned):
			ignore = f.Method != "REGISTER"
			seen.Note += ", unsigned"
		case err != nil:
			seen.Note += ", wrong signature"
			fatal = &stop{result: journal.Aborted, code: codeSignature}
		}
	}
	s.record(s.flow.name, seen)
	switch {
	case fatal != nil:
		s.record(s.flow.name, journal.Closed{By: "client", How: "FIN", After: seen.Line})
		return fatal
	case wait == nil || res.StatusCode < 200:
	case ignore:
		wait.unsigned = true
	default:
		select {
		case wait.answer <- res:
		default: // a second final answer
		}
	}
	return nil
}

// info is the value that signs a message.
func info(m sip.Message) string {
	if v := header(m, "Authentication-Info"); v != "" {
		return v
	}
	return header(m, "Proxy-Authentication-Info")
}

// asked takes a request from the server.
func (s *session) asked(req *sip.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(s.flow.name, journal.SIPSent{Received: true, Line: string(req.Method), Note: header(req, "Event")})
	callID := ""
	if h := req.CallID(); h != nil {
		callID = h.Value()
	}
	status := "200 OK"
	switch req.Method {
	case "ACK":
		return nil
	case "NOTIFY", "BENOTIFY":
		s.note(callID, req.Body())
		if req.Method == "BENOTIFY" { // [MS-SIP] benotify: never answered
			return nil
		}
	case "BYE", "OPTIONS", "MESSAGE", "INFO":
	default:
		status = "405 Method Not Allowed"
	}
	s.record(s.flow.name, journal.SIPSent{Line: status, Note: string(req.Method)})
	return s.write(response(req, status))
}

// note hands a notification's body to whoever waits for it. It needs mu.
func (s *session) note(callID string, body []byte) {
	if c, ok := s.notes[callID]; ok {
		select {
		case c <- body:
		default: // more than anybody waits for
		}
	}
}
