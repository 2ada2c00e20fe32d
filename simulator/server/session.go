package server

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"rehearse/simulator/sipauth"
)

// session is one client's connection at the front end. One goroutine reads; what
// concerns others (a roster) is written by theirs.
type session struct {
	*frontEnd
	*conn
	user string // the SIP address registered on this connection, "" before
	epid string // names the endpoint in its gruu

	corked bool // guarded by cork.mu: among cork.full

	mu      sync.Mutex // of writing, and of what follows
	out     []byte     // what is to be written
	auth    *sipauth.Server
	dialogs []*dialog // in the order in which they began
}

// read takes message after message until the connection ends.
func (s *session) read() {
	var buf []byte
	chunk := make([]byte, 16<<10)
	_ = s.conn.SetReadDeadline(time.Now().Add(registerLimit))
	for {
		n, err := s.conn.Read(chunk)
		if err != nil {
			s.conn.silent(err)
			return
		}
		var ok bool
		if buf, ok = s.takeAll(append(buf, chunk[:n]...)); !ok {
			return
		}
		// A client that neither speaks nor sends keep-alives is gone.
		_ = s.conn.SetReadDeadline(time.Now().Add(2 * keepAlive * time.Second))
	}
}

// takeAll deals with the messages in buf and gives what is left. It says false when
// the connection has to end.
func (s *session) takeAll(buf []byte) (rest []byte, ok bool) {
	s.cork.hold()
	defer s.cork.let()
	for {
		var msg sip.Message
		var err error
		msg, buf, err = nextMessage(s.parser, buf)
		switch {
		case err != nil:
			s.cutOff("bytes that are no SIP message")
			return nil, false
		case msg == nil:
			return buf, true
		case !s.take(msg):
			return nil, false
		}
	}
}

// cutOff hangs up behind what was written.
func (s *session) cutOff(after string) {
	s.mu.Lock()
	_ = s.flush() // the connection ends anyway
	s.mu.Unlock()
	s.conn.hangUp(after)
}

// nextMessage cuts the first message off; nil when it is not whole yet. A
// keep-alive, two CRLF between messages, is passed over and not answered.
//
// sipgo's stream parser is not used: it takes a folded header that arrives in two
// segments for two headers, and counts keep-alives towards the longest message.
func nextMessage(p *sip.Parser, buf []byte) (sip.Message, []byte, error) {
	for bytes.HasPrefix(buf, []byte("\r\n")) {
		buf = buf[2:]
	}
	if !bytes.Contains(buf, []byte("\r\n\r\n")) {
		if len(buf) > sip.ParseMaxMessageLength {
			return nil, nil, sip.ErrMessageTooLarge
		}
		return nil, buf, nil
	}
	msg, n, err := p.Parse(buf, true)
	if errors.Is(err, sip.ErrParseReadBodyIncomplete) && msg.ContentLength() != nil {
		return nil, buf, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return msg, buf[n:], nil
}

// take deals with a message. It says false when the connection has to end.
func (s *session) take(msg sip.Message) bool {
	switch m := msg.(type) {
	case *sip.Response:
		s.conn.after = "SIP " + strconv.Itoa(m.StatusCode)
		s.received(strconv.Itoa(m.StatusCode)+" "+m.Reason, "")
		s.returned(m)
		return true
	case *sip.Request:
		s.conn.after = string(m.Method)
		s.received(string(m.Method)+" "+m.Recipient.String(), "")
		if r := s.screen(m); r != nil {
			return s.reject(m, r)
		}
		r, ok := s.handle(m)
		if !ok {
			return false
		}
		return r == nil || s.answer(m, r)
	}
	return false
}

// reject answers a request that did not pass the screen; an ACK is never answered.
// It says false where nobody knows any more where the next message begins.
func (s *session) reject(req *sip.Request, r *reply) bool {
	sent := req.Method == sip.ACK || s.answer(req, r)
	if sent && ambiguous(req) {
		s.cutOff("a message of two lengths")
		return false
	}
	return sent
}

// handle finds the reply to a request; nil means none is sent. In-dialog requests
// are found by their Call-ID: clients leave the branch out of their Via.
func (s *session) handle(req *sip.Request) (r *reply, ok bool) {
	if req.Method == sip.ACK || req.Method == sip.CANCEL {
		return s.acknowledge(req), true // never challenged, [MS-SIPAE] 3.3
	}
	if r, ok := s.faulty(SIP); r != nil || !ok {
		return r, ok
	}
	if r := s.authorize(req); r != nil {
		return r, true
	}
	if other, _ := s.directory.peer(req.CallID().Value(), s); other != nil {
		return s.forward(req, other), true
	}
	for _, m := range methods() {
		if m.name == req.Method {
			if s.user == "" && m.name != sip.REGISTER {
				return s.refuse(403, 0, "not registered on this connection"), true
			}
			return m.handle(s, req), true
		}
	}
	r = s.refuse(405, 0, "")
	r.headers = append(r.headers, sip.NewHeader("Allow", allowed()))
	return r, true
}

// method is a row of what the front end answers.
type method struct {
	name   sip.RequestMethod
	handle func(*session, *sip.Request) *reply
}

const service = sip.RequestMethod("SERVICE")

func methods() []method {
	return []method{
		{sip.REGISTER, (*session).register},
		{sip.SUBSCRIBE, (*session).subscribe},
		{service, (*session).service},
		{sip.INVITE, (*session).invite},
		{sip.BYE, (*session).bye},
		{sip.INFO, (*session).message},
		{sip.MESSAGE, (*session).message},
		{sip.OPTIONS, (*session).options},
	}
}

func allowed() string {
	names := []string{"ACK", "CANCEL"}
	for _, m := range methods() {
		names = append(names, string(m.name))
	}
	return strings.Join(names, ", ")
}

// authorize judges the credentials; nil lets the request pass.
func (s *session) authorize(req *sip.Request) *reply {
	if s.Open {
		return nil
	}
	value := headerValue(req, "Authorization", "Proxy-Authorization")
	s.mu.Lock()
	defer s.mu.Unlock()
	verdict, err := s.auth.Authorize(value, sipauth.FieldsOf(req))
	if verdict == sipauth.Accepted {
		return nil
	}
	challenges := s.auth.Challenges()
	scheme, _, _ := strings.Cut(challenges[0], " ")
	note := scheme + " challenge, round 1"
	switch {
	case err != nil:
		note = err.Error()
	case strings.Contains(challenges[0], "gssapi-data") && s.auth.Ready():
		note = scheme + " challenge, round 3"
	case strings.Contains(challenges[0], "gssapi-data"):
		note = scheme + " challenge, round 2"
	}
	if verdict == sipauth.Refused && s.auth.Ready() {
		// Modelled: a request with a wrong signature is refused, the context stays.
		return s.refuse(403, 0, note)
	}
	r := &reply{status: 401, note: note, headers: []sip.Header{
		sip.NewHeader("Date", s.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")),
	}}
	for _, c := range challenges {
		r.headers = append(r.headers, sip.NewHeader("WWW-Authenticate", c))
	}
	return r
}

// answer sends the reply to a request, signed once there is a context.
func (s *session) answer(req *sip.Request, r *reply) bool {
	res := sip.NewResponseFromRequest(req, r.status, phrase(r.status), nil)
	if to := res.To(); to != nil && r.toTag != "" {
		to.Params.Add("tag", r.toTag)
	}
	for _, h := range r.headers {
		res.AppendHeader(h)
	}
	if r.contentType != "" {
		res.AppendHeader(sip.NewHeader("Content-Type", r.contentType))
	}
	res.SetBody(r.body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.status > 100 && r.status != 401 {
		s.sign(res)
	}
	s.sent(strconv.Itoa(r.status)+" "+res.Reason, r.note)
	return s.write(res.String()) == nil
}

// sign adds a signature, once there is a context for one. The caller holds s.mu.
func (s *session) sign(m sip.Message) {
	if !s.auth.Ready() {
		return
	}
	if info := s.auth.Sign(sipauth.FieldsOf(m)); info != "" {
		m.AppendHeader(sip.NewHeader("Authentication-Info", info))
	}
}

// write sends a message, perhaps with others in one write. The caller holds s.mu.
func (s *session) write(message string) error {
	const most = 16 << 10 // in a TLS record
	s.out = append(s.out, message...)
	if len(s.out) < most && s.cork.keep(s) {
		return nil
	}
	return s.flush()
}

// flush writes what is to be written. Nobody waits long for a client that does not
// read. The caller holds s.mu.
func (s *session) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeLimit))
	_, err := s.conn.Write(s.out)
	s.out = s.out[:0]
	return err
}

// headerValue is the first header of these names.
func headerValue(msg sip.Message, names ...string) string {
	for _, n := range names {
		if h := msg.GetHeaders(n); len(h) > 0 {
			return h[0].Value()
		}
	}
	return ""
}

// supports says whether a Supported header lists the option.
func supports(msg sip.Message, option string) bool {
	for _, h := range msg.GetHeaders("Supported") {
		for _, v := range strings.Split(h.Value(), ",") {
			if strings.EqualFold(strings.TrimSpace(v), option) {
				return true
			}
		}
	}
	return false
}
