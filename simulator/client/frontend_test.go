package client_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	. "github.com/onsi/gomega"

	"rehearse/simulator/sipauth"
)

// frontEnd is a SIP server as a spec wants it: it challenges with NTLM and signs,
// and answers each request with what reply gives for it.
type frontEnd struct {
	password string
	// reply gives an answer's status line and further lines, with a body behind
	// an empty line; "" gives none at all. Nil, or "-", is the default.
	reply func(method, event string) string
	// sign makes the Authentication-Info of an answer, from the right one.
	sign func(method, right string) string
	// open takes REGISTER without a challenge.
	open bool
	// seen gets every request's first line.
	seen func(line string)
	// raw, where it is set, is written in answer to the first request.
	raw string
}

const provisioning = `<?xml version="1.0"?><provisionGroupList xmlns="http://schemas.microsoft.com/2006/09/sip/provisiongrouplist-notification">` +
	`<provisionGroup name="ServerConfiguration"><focusFactoryUri>sip:alice@contoso.test;gruu;opaque=app:conf:focusfactory</focusFactoryUri>` +
	`<mrasUri>sip:mras@contoso.test</mrasUri></provisionGroup></provisionGroupList>`

// answers are a front end's ordinary ones.
func (f *frontEnd) answers(method, event string) string {
	if f.reply != nil {
		if r := f.reply(method, event); r != "-" {
			return r
		}
	}
	switch {
	case method == "REGISTER":
		return "200 OK\r\nExpires: 600\r\nms-keep-alive: UAS; tcp=no; hop-hop=yes; timeout=300\r\nServer: RTC/6.0\r\n"
	case event == "vnd-microsoft-provisioning-v2":
		return "200 OK\r\nms-piggyback-cseq: 1\r\nContent-Type: application/vnd-microsoft-roaming-provisioning-v2+xml\r\n\r\n" + provisioning
	default:
		return "200 OK\r\nms-piggyback-cseq: 1\r\n"
	}
}

func (f *frontEnd) serve(c *tls.Conn) {
	if f.raw != "" {
		c.Read(make([]byte, 4096))
		io.WriteString(c, f.raw)
		return
	}
	auth := sipauth.NewServer(sipauth.ServerConfig{
		Target: "sip.contoso.test", Domain: "CONTOSO", DNSDomain: "contoso.test", Now: time.Now,
		Password: func(user, _ string) (string, bool) { return f.password, user == "alice@contoso.test" },
	})
	r := bufio.NewReader(c)
	for {
		req, err := readRequest(r)
		if err != nil {
			return
		}
		if f.seen != nil {
			f.seen(req.StartLine())
		}
		if req.Method == sip.ACK {
			continue
		}
		f.answer(c, auth, req)
	}
}

func (f *frontEnd) answer(c io.Writer, auth *sipauth.Server, req *sip.Request) {
	method := string(req.Method)
	text := ""
	verdict, _ := auth.Authorize(value(req, "Authorization"), sipauth.FieldsOf(req))
	if f.open || verdict == sipauth.Accepted {
		text = f.answers(method, value(req, "Event"))
	} else {
		text = "401 Unauthorized\r\nWWW-Authenticate: " + auth.Challenge() + "\r\n"
	}
	if text == "" {
		return
	}
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	head = strings.TrimSuffix(head, "\r\n")
	status, lines, _ := strings.Cut(head, "\r\n")
	out := "SIP/2.0 " + status + "\r\n"
	for _, name := range []string{"Via", "From", "Call-ID", "CSeq"} {
		out += name + ": " + value(req, name) + "\r\n"
	}
	to := value(req, "To")
	if !strings.Contains(to, "tag=") {
		to += ";tag=server"
	}
	out += "To: " + to + "\r\n"
	if lines != "" {
		out += lines + "\r\n"
	}
	end := fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	if !f.open && verdict == sipauth.Accepted {
		res, err := rawParser().ParseSIP([]byte(out + end))
		Expect(err).NotTo(HaveOccurred())
		right := auth.Sign(sipauth.FieldsOf(res))
		if f.sign != nil {
			right = f.sign(method, right)
		}
		if right != "" {
			out += "Authentication-Info: " + right + "\r\n"
		}
	}
	io.WriteString(c, out+end)
}

func rawParser() *sip.Parser {
	all := sip.DefaultHeadersParser()
	return sip.NewParser(sip.WithHeadersParsers(map[string]sip.HeaderParser{
		"call-id": all["call-id"], "cseq": all["cseq"], "content-length": all["content-length"],
	}))
}

// readRequest reads one request, keep-alives before it passed over.
func readRequest(r *bufio.Reader) (*sip.Request, error) {
	t := textproto.NewReader(r)
	var head []string
	size := 0
	for {
		line, err := t.ReadLine()
		if err != nil {
			return nil, err
		}
		if line == "" && len(head) > 0 {
			break
		}
		if line != "" {
			head = append(head, line)
			fmt.Sscanf(strings.ToLower(line), "content-length: %d", &size)
		}
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	m, err := rawParser().ParseSIP([]byte(strings.Join(head, "\r\n") + "\r\n\r\n" + string(body)))
	if err != nil {
		return nil, err
	}
	return m.(*sip.Request), nil
}

func value(m sip.Message, name string) string {
	if all := m.GetHeaders(name); len(all) > 0 {
		return all[0].Value()
	}
	return ""
}
