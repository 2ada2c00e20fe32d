package server

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"rehearse/reports/journal"
	"rehearse/simulator/sipauth"
	"rehearse/simulator/world"
)

// frontEnd is the SIP server: what all its connections share.
type frontEnd struct {
	*Estate
	host     world.Host
	identity *identity
	parser   *sip.Parser
	*directory
	cork cork
	dsk  *sipauth.DSKConfig // nil: nobody signs in by certificate

	mu          sync.Mutex
	conferences map[string]*conference // by focus URI
}

// startFrontEnd serves SIP over TLS on both ports of the access edge, and enters
// the names that lead there.
func startFrontEnd(e *Estate, h world.Host) error {
	names := []string{h.Name(), "sip." + e.Domain}
	e.World.SetA(names[1], h.Addr())
	id, err := newIdentity(e.core, SIP, names)
	if err != nil {
		return err
	}
	f := &frontEnd{Estate: e, host: h, identity: id, parser: newParser(), directory: newDirectory(), conferences: make(map[string]*conference)}
	if e.Certificates {
		f.dsk = e.dsk(h.Name())
	}
	for _, p := range []struct {
		endpoint string
		port     uint16
	}{{"sip", 5061}, {"sip443", 443}} {
		if err := e.serve(p.endpoint, h, p.port, f.serve); err != nil {
			return err
		}
	}
	// A hosted estate has the service record for clients outside only; the internal
	// one exists where the servers stand in the same network.
	e.World.SetSRV("_sip._tls."+e.Domain, world.SRV{Target: h.Name(), Port: e.endpoints["sip443"].Port})
	return nil
}

// newParser parses messages with addresses left as they are written, so that a
// signature is judged over the text that was signed.
func newParser() *sip.Parser {
	all := sip.DefaultHeadersParser()
	some := make(map[string]sip.HeaderParser)
	for _, name := range []string{"via", "v", "call-id", "i", "cseq", "content-length", "l", "content-type", "c", "max-forwards"} {
		some[name] = all[name]
	}
	return sip.NewParser(sip.WithHeadersParsers(some))
}

// serve speaks SIP on one connection.
func (f *frontEnd) serve(c *conn) {
	c, ok := f.identity.handshake(c)
	if !ok {
		return
	}
	s := &session{frontEnd: f, conn: c}
	conf := f.authConfig(f.host.Name())
	conf.DSK = f.dsk
	s.auth = sipauth.NewServer(conf)
	defer s.end()
	s.read()
}

// netBIOS is the old-style name of a domain: its first label in capitals.
func netBIOS(domain string) string {
	label, _, _ := strings.Cut(domain, ".")
	return strings.ToUpper(label)
}

// account is the SIP address of a user as NTLM names one: "alice@contoso.test"
// without domain, or "alice" with the NetBIOS or DNS one.
func (e *Estate) account(user, domain string) string {
	if strings.EqualFold(domain, netBIOS(e.Domain)) || strings.EqualFold(domain, e.Domain) {
		user += "@" + e.Domain
	}
	return strings.ToLower(user)
}

func (e *Estate) password(user, domain string) (string, bool) {
	p, ok := e.Users[e.account(user, domain)]
	return p, ok
}

// authConfig is what a server authenticates by.
func (e *Estate) authConfig(target string) sipauth.ServerConfig {
	return sipauth.ServerConfig{Target: target, Domain: netBIOS(e.Domain), DNSDomain: e.Domain, Password: e.password, Now: e.Now}
}

// reply is an answer to a request.
type reply struct {
	status      int
	toTag       string // of the dialog that the reply begins, "" for none
	headers     []sip.Header
	contentType string
	body        []byte
	note        string // for the journal
}

// refuse is a reply with ms-diagnostics, [MS-OCER]; id 0 leaves them out.
func (f *frontEnd) refuse(status, id int, reason string) *reply {
	r := &reply{status: status, note: reason}
	if id != 0 {
		text := strconv.Itoa(id) + `;source="` + f.host.Name() + `";reason="` + reason + `"`
		r.headers = append(r.headers, sip.NewHeader("ms-diagnostics", text))
		r.note = "ms-diagnostics " + strconv.Itoa(id) + ": " + reason
	}
	return r
}

// faulty is the reply that a fault wants for a request, nil when none does. It
// says false when the estate closed meanwhile.
func (f *frontEnd) faulty(server string) (*reply, bool) {
	if slow, ok := f.faults.find(server, f.host.Name(), serverSlow); ok {
		f.cork.let() // others do not wait
		ok := f.pause(slow.Delay)
		f.cork.hold()
		if !ok {
			return nil, false
		}
	}
	fault, ok := f.faults.find(server, f.host.Name(), serverStatus)
	if !ok {
		return nil, true
	}
	word, rest, _ := strings.Cut(fault.Value, " ")
	status, _ := strconv.Atoi(word)
	if status/100 == 3 {
		return &reply{status: status, headers: []sip.Header{sip.NewHeader("Contact", "<sip:"+rest+";transport=tls>")}, note: rest}, true
	}
	number, reason, _ := strings.Cut(rest, " ")
	id, err := strconv.Atoi(number)
	if err != nil {
		id, reason = 0, rest
	}
	return f.refuse(status, id, reason), true
}

// fails says whether a fault keeps a service from answering, and what is sent in the
// answer's place; nil is nothing.
func (f *frontEnd) fails(service string) (r *reply, fails bool) {
	if _, silent := f.faults.find(service, service, serverSilent); silent && service != MCU {
		return nil, true
	}
	r, ok := f.faulty(service)
	return r, r != nil || !ok
}

// phrase is the reason phrase of a status.
func phrase(status int) string {
	for _, p := range []struct {
		status int
		words  string
	}{
		{100, "Trying"}, {180, "Ringing"}, {200, "OK"}, {202, "Accepted"}, {301, "Moved permanently"}, {302, "Moved temporarily"},
		{400, "Bad request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method not allowed"},
		{408, "Request timeout"}, {415, "Unsupported media type"}, {416, "Unsupported URI scheme"}, {420, "Bad extension"},
		{480, "Temporarily unavailable"},
		{483, "Too many hops"}, {481, "Call leg/transaction does not exist"}, {486, "Busy here"}, {487, "Request terminated"},
		{488, "Not acceptable here"}, {489, "Bad event"}, {500, "Server internal error"}, {501, "Not implemented"},
		{503, "Service unavailable"}, {504, "Server time-out"}, {505, "Version not supported"}, {603, "Decline"},
	} {
		if p.status == status {
			return p.words
		}
	}
	return "Status " + strconv.Itoa(status)
}

// The front end's limits.
const (
	// keepAlive is what it tells clients: send something every so many seconds.
	keepAlive = 300
	// registerLimit is how long a connection may stay without a first request.
	registerLimit = 2 * time.Minute
	// writeLimit is how long a client may take to read a message.
	writeLimit = 30 * time.Second
	// registration is the longest registration, in seconds.
	registration = 7200
)

func (s *session) sent(line, note string) { s.record(journal.SIPSent{Line: line, Note: note}) }
func (s *session) received(line, note string) {
	s.record(journal.SIPSent{Received: true, Line: line, Note: note})
}
