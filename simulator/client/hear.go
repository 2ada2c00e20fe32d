package client

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"rehearse/reports/journal"
	"rehearse/simulator/sipauth"
)

// read takes what the server sends until the connection ends.
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
	switch _, code := classify(err); code {
	case codeReset:
		closed.How = "RST"
	case codeProtocol:
		closed.By, closed.After = "client", "bytes that are no SIP"
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
