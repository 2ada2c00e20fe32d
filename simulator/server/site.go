package server

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"

	"rehearse/reports/journal"
	"rehearse/simulator/world"
)

// Site is a server that speaks one protocol.
type Site struct {
	Host   string     // its name, also the one on its certificate
	Names  []string   // further names
	Addr   netip.Addr // needed
	Port   uint16     // 0 is one that the system picks
	Speaks string     // the name of a row of Speaks
}

// Protocol is a row of Speaks.
type Protocol struct {
	Name  string
	Doc   string // one line for people
	like  string // the server of an estate whose faults it can have
	serve func(*RunningSite) error
}

// Speaks is the table of what sites speak.
func Speaks() []Protocol {
	return []Protocol{
		{"https", "web pages inside TLS", Web, (*RunningSite).https},
		{"http", "web pages in clear", Status, (*RunningSite).http},
		{"sips", "SIP inside TLS: every request is answered", TURN, insideTLS(speakSIP)},
		{"unknown-tls", "a protocol of no name inside TLS: what the client says comes back", TURN, insideTLS(speakEcho)},
		{"turn-tls", "TURN of RFC 8656 inside TLS", TURN, (*RunningSite).turn},
		{"ms-turn-tls", "MS-TURN inside real TLS", TURN, insideTLS(speakMSTURN)},
		{"ssh", "SSH: the server speaks first", MCU, inClear(speakSSH)},
		{"silent", "nothing: connections are accepted and left alone", MCU, inClear(drain)},
	}
}

// RunningSite is a site that serves. It is safe for concurrent use.
type RunningSite struct {
	*core
	site  Site
	host  world.Host
	id    *identity
	like  string // see Protocol
	edge  *edge  // of MS-TURN
	bound uint16
}

// StartSite makes a site's host, enters its names and serves. Of the configuration
// it needs what Start needs. End it with Close.
func StartSite(c Config, s Site) (*RunningSite, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	if s.Host == "" || !s.Addr.IsValid() {
		return nil, errors.New("site: Host or Addr is missing")
	}
	var names []string
	for _, p := range Speaks() {
		names = append(names, p.Name)
		if p.Name != s.Speaks {
			continue
		}
		r := &RunningSite{core: newCore(c), site: s, like: p.like, host: c.World.Host(s.Host, s.Addr)}
		r.edge = newEdge(r.core, s.Host, r.host, func(user []byte) ([]byte, bool) {
			password, ok := c.Users[strings.ToLower(string(user))]
			return []byte(password), ok
		})
		for _, n := range s.Names {
			c.World.SetA(n, s.Addr)
		}
		if err := p.serve(r); err != nil {
			r.Close()
			return nil, fmt.Errorf("site %s: %w", s.Host, err)
		}
		return r, nil
	}
	return nil, fmt.Errorf("site %s: speaks %q, want one of %s", s.Host, s.Speaks, strings.Join(names, ", "))
}

// Endpoint is where the site can be reached.
func (r *RunningSite) Endpoint() Endpoint {
	return Endpoint{Host: r.host.Name(), Addr: r.host.Addr(), Port: r.bound, Network: "tcp"}
}

// Impose puts a fault on the site until lifted, whatever the fault's Server is. It
// fails on a fault that Check refuses, and on one that such a site cannot have.
func (r *RunningSite) Impose(f Fault) (lift func(), err error) {
	f.Server = r.site.Host
	if err := cmp.Or(f.Check(), f.fits(r.like)); err != nil {
		return nil, err
	}
	if f.Kind == certificateRevoked {
		return r.PKI.Revoke(r.site.Host)
	}
	return r.faults.add(f), nil
}

// identify issues the site's certificate.
func (r *RunningSite) identify(alpn ...string) (err error) {
	r.id, err = newIdentity(r.core, r.site.Host, append([]string{r.site.Host}, r.site.Names...), alpn...)
	return err
}

func (r *RunningSite) bind(serve func(*conn)) (err error) {
	var l net.Listener
	if l, r.bound, err = r.listen(r.host, r.site.Port); err == nil {
		r.spawn(func() { r.accept(l, r.host, serve) })
	}
	return err
}

// insideTLS serves a protocol inside TLS.
func insideTLS(speak func(*RunningSite, *conn)) func(*RunningSite) error {
	return func(r *RunningSite) error {
		if err := r.identify(); err != nil {
			return err
		}
		return r.bind(func(c *conn) {
			if c, ok := r.id.handshake(c); ok {
				speak(r, c)
				c.Close()
			}
		})
	}
}

// inClear serves a protocol without TLS.
func inClear(speak func(*conn)) func(*RunningSite) error {
	return func(r *RunningSite) error {
		return r.bind(func(c *conn) {
			if !r.spoil(r.site.Host, c) {
				speak(c)
			}
		})
	}
}

func (r *RunningSite) https() error {
	if err := r.identify("http/1.1"); err != nil {
		return err
	}
	return r.bind(newWeb(r.core, r.site.Host, r.host, http.HandlerFunc(page)).over(r.id))
}

func (r *RunningSite) http() error {
	return r.bind(newWeb(r.core, r.site.Host, r.host, http.HandlerFunc(page)).over(nil))
}

func (r *RunningSite) turn() error {
	if err := r.identify(turnALPN); err != nil {
		return err
	}
	f, err := serveTURN(r.core, r.host)
	if err != nil {
		return err
	}
	return r.bind(overTLS(f, r.id))
}

// page is the same for every address.
func page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<!DOCTYPE html>\n<html><head><title>It works</title></head><body><p>It works.</p></body></html>\n")
}

// speakEcho sends everything back. Like many protocols of no name it waits for the
// client.
func speakEcho(_ *RunningSite, c *conn) {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		c.after = "unknown bytes"
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// speakSSH greets, waits for the client's greeting, and then nothing more (RFC 4253
// 4.2).
func speakSSH(c *conn) {
	if _, err := io.WriteString(c, "SSH-2.0-OpenSSH_9.2p1\r\n"); err != nil {
		return
	}
	drain(c)
}

// speakMSTURN is an A/V edge of its own behind TLS. Its users are those of the
// configuration, for there is no MRAS.
func speakMSTURN(r *RunningSite, c *conn) {
	r.edge.frames(c, c)
}

// speakSIP answers every request 200.
func speakSIP(_ *RunningSite, c *conn) {
	parser := newParser()
	var buf []byte
	chunk := make([]byte, 4096)
	for {
		n, err := c.Read(chunk)
		if err != nil {
			return
		}
		buf = append(buf, chunk[:n]...)
		var msg sip.Message
		if msg, buf, err = nextMessage(parser, buf); err != nil {
			c.hangUp("bytes that are no SIP message")
			return
		}
		req, ok := msg.(*sip.Request)
		if !ok || req.Method == sip.ACK {
			continue
		}
		c.record(journal.SIPSent{Received: true, Line: string(req.Method) + " " + req.Recipient.String()})
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		res.SetBody(nil)
		c.record(journal.SIPSent{Line: "200 OK"})
		if _, err := c.Write([]byte(res.String())); err != nil {
			return
		}
	}
}
