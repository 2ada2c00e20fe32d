package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/sipauth"
)

// phone is a SIP client by hand: it writes the lines it is given and reads what
// comes.
type phone struct {
	conn    net.Conn
	in      *bufio.Reader
	user    string
	cseq    int
	auth    *sipauth.Client
	written []string
	read    []string
}

func newPhone(conn net.Conn, user, password string) *phone {
	return &phone{conn: conn, in: bufio.NewReader(conn), user: user,
		auth: sipauth.NewClient(sipauth.ClientConfig{User: user, Password: password, Now: time.Now})}
}

// request is a message without its Authorization. The lines have Via (without the
// branch that pidgin-sipe leaves out in dialogs, too), From, To, Call-ID, CSeq.
func (p *phone) request(method, uri, to, callID string, lines []string, body string) string {
	p.cseq++
	all := append([]string{
		method + " " + uri + " SIP/2.0",
		"Via: SIP/2.0/tls 10.1.0.11:49152",
		"From: <sip:" + p.user + ">;tag=1928301774;epid=010203040506",
		"To: " + to,
		"Max-Forwards: 70",
		fmt.Sprintf("CSeq: %d %s", p.cseq, method),
		"User-Agent: UCCAPI/16.0.4417.1000 OC/16.0.4417.1000 (Skype for Business)",
		"Call-ID: " + callID,
	}, lines...)
	return strings.Join(append(all, fmt.Sprintf("Content-Length: %d", len(body)), "", body), "\r\n")
}

// say signs and sends a message as the client's context stands.
func (p *phone) say(message string) {
	GinkgoHelper()
	m, err := sip.ParseMessage([]byte(message))
	Expect(err).NotTo(HaveOccurred(), message)
	value, err := p.auth.Authorize(sipauth.FieldsOf(m))
	Expect(err).NotTo(HaveOccurred())
	if value != "" {
		message = strings.Replace(message, "\r\nContent-Length:", "\r\nAuthorization: "+value+"\r\nContent-Length:", 1)
	}
	p.write(message)
}

func (p *phone) write(message string) {
	GinkgoHelper()
	p.written = append(p.written, message)
	_, err := io.WriteString(p.conn, message)
	Expect(err).NotTo(HaveOccurred())
}

// hear reads one message.
func (p *phone) hear() sip.Message {
	GinkgoHelper()
	text, err := p.next()
	Expect(err).NotTo(HaveOccurred())
	m, err := sip.ParseMessage([]byte(text))
	Expect(err).NotTo(HaveOccurred(), text)
	return m
}

func (p *phone) next() (string, error) {
	var b strings.Builder
	length := 0
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			return b.String(), err
		}
		b.WriteString(line)
		if name, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Content-Length") {
			length, _ = strconv.Atoi(textproto.TrimString(v))
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(p.in, body)
	b.Write(body)
	p.read = append(p.read, b.String())
	return b.String(), err
}

// answer reads a response, checks its signature once there is a context, and gives
// it.
func (p *phone) answer(status int) *sip.Response {
	GinkgoHelper()
	res, ok := p.hear().(*sip.Response)
	Expect(ok).To(BeTrue(), "want a response, got %s", p.read[len(p.read)-1])
	Expect(res.StatusCode).To(Equal(status), p.read[len(p.read)-1])
	if p.auth.Ready() && status != 100 && status != 401 {
		Expect(p.auth.Verify(value(res, "Authentication-Info"), sipauth.FieldsOf(res))).To(Succeed())
	}
	return res
}

// ask sends a request and wants a status.
func (p *phone) ask(status int, message string) *sip.Response {
	GinkgoHelper()
	p.say(message)
	return p.answer(status)
}

const registerLines = `Contact: <sip:10.1.0.11:49152;transport=tls;ms-opaque=d3470f2e1d>;methods="INVITE, MESSAGE, INFO, OPTIONS, BYE, CANCEL, NOTIFY, ACK, REFER, BENOTIFY";proxy=replace;+sip.instance="<urn:uuid:34d859db-6585-5f91-a3b4-de853c15347d>"
Supported: gruu-10, adhoclist, msrtc-event-categories, com.microsoft.msrtc.presence
Event: registration
Allow-Events: presence
ms-keep-alive: UAC;hop-hop=yes`

func (p *phone) register(lines ...string) string {
	lines = append(strings.Split(registerLines, "\n"), lines...)
	return p.request("REGISTER", "sip:contoso.test", "<sip:"+p.user+">", "4037df9284354df39065195bd57a4b14", lines, "")
}

// signIn goes through the three rounds and gives the 200.
func (p *phone) signIn() *sip.Response {
	GinkgoHelper()
	for range 2 {
		res := p.ask(401, p.register())
		Expect(p.auth.Challenge(value(res, "WWW-Authenticate"))).To(Succeed())
	}
	return p.ask(200, p.register())
}

// subscribe sends a SUBSCRIBE as pidgin-sipe does.
func (p *phone) subscribe(event, to, callID, body string, lines ...string) string {
	lines = append([]string{
		"Event: " + event, "Contact: <sip:" + p.user + ";gruu;opaque=user:epid:x>",
		"Supported: com.microsoft.autoextend", "Supported: ms-benotify", "Proxy-Require: ms-benotify", "Supported: ms-piggyback-first-notify",
	}, lines...)
	return p.request("SUBSCRIBE", to, "<"+to+">", callID, lines, body)
}

// value is a header's first value, "" without one.
func value(m sip.Message, name string) string {
	if h := m.GetHeaders(name); len(h) > 0 {
		return h[0].Value()
	}
	return ""
}

func values(m sip.Message, name string) (out []string) {
	for _, h := range m.GetHeaders(name) {
		out = append(out, h.Value())
	}
	return out
}

// signedIn is a phone that has signed in at the access edge.
func (s *stage) signedIn(user, password string) *phone {
	GinkgoHelper()
	p := newPhone(s.dialTLS(s.Endpoints()["sip443"]), user, password)
	p.signIn()
	return p
}
