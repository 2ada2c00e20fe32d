package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/pcaps/story"
	"rehearse/proxy/policy/diff"
	"rehearse/proxy/policy/flow"
	"rehearse/reports/journal"
)

// capturedFlows are the connections of a capture as flows that policy would see:
// behind a CONNECT where the client asks a proxy for one, else on a transparent
// service, each on one that detects protocols.
func (a *app) capturedFlows(ctx context.Context, file string) ([]diff.Named, error) {
	s, err := a.readCapture(ctx, file, story.Options{Events: true})
	if err != nil {
		return nil, err
	}
	c := &captured{start: time.Time{}, names: map[string]string{}, at: map[string]int{}}
	if s.First != nil {
		c.start = *s.First
	}
	for _, f := range s.Flows {
		c.names[f.Server] = f.ServerName
	}
	for _, e := range s.Events {
		c.event(e)
	}
	list := slices.DeleteFunc(c.list, func(n diff.Named) bool { return n.Flow.Host == "" || n.Flow.Speaks == "" })
	if len(list) == 0 {
		return nil, &failure{code: exitNothing, err: fmt.Errorf("%s: there is no TLS, HTTP, SIP or MS-TURN over TCP in it", file), hint: "rehearse pcap info tells what is in it"}
	}
	return list, nil
}

// captured gathers the flows of a capture from its events.
type captured struct {
	start time.Time
	names map[string]string // of servers, by address and port
	list  []diff.Named
	at    map[string]int // place in list by both ends
}

// event takes in one event: the first of each kind says what a flow is.
func (c *captured) event(e journal.Event) {
	switch b := e.Body.(type) {
	case journal.Connected:
		f := c.of(e)
		if f.Connect = b.Via != ""; f.Connect {
			f.Host, f.Port = hostPort(b.To)
		}
	case journal.ConnectAnswered:
		f := c.of(e)
		f.Connect = true
		f.Host, f.Port = hostPort(b.Target)
	case journal.HelloSeen:
		if f := c.of(e); f.Speaks == "" {
			f.Speaks, f.Inside = flow.TLS, insideTLS(b, f.Port)
			if f.NoSNI = b.SNI == ""; !f.NoSNI && !f.Connect {
				f.Host = strings.ToLower(b.SNI)
			}
		}
	case journal.HTTPExchanged:
		c.request(c.of(e), b)
	case journal.SIPSent:
		c.said(c.of(e), flow.SIP)
	case journal.TURNSent:
		bytes := flow.MSTURN
		if b.Message == "pseudo-TLS hello" {
			bytes = flow.PseudoTLS
		}
		c.said(c.of(e), bytes)
	}
}

// of is the flow of an event, made when its first is met.
func (c *captured) of(e journal.Event) *flow.Flow {
	key := e.Flow + " " + e.Peer
	if i, ok := c.at[key]; ok {
		return c.list[i].Flow
	}
	client, _ := netip.ParseAddrPort(e.Flow)
	server, _ := netip.ParseAddrPort(e.Peer)
	f := &flow.Flow{Client: client.Addr(), Address: server.Addr(), Port: server.Port(), Time: c.start.Add(e.At), Method: "GET", Path: "/", Status: 200}
	if f.Host = strings.ToLower(c.names[e.Peer]); f.Host == "" && server.IsValid() {
		f.Host = server.Addr().String()
	}
	c.at[key] = len(c.list)
	c.list = append(c.list, diff.Named{Name: "packet " + strconv.Itoa(e.Packet), Flow: f})
	return f
}

// request takes in the first request of a flow.
func (c *captured) request(f *flow.Flow, b journal.HTTPExchanged) {
	said := f.Speaks
	c.said(f, flow.HTTP)
	if said != "" && (said != flow.TLS || f.Path != "/" || f.Query != "") {
		return
	}
	f.Method = b.Method
	if b.Status > 0 {
		f.Status = b.Status
	}
	if u, err := url.Parse(b.URL); err == nil && u.Host != "" && said == "" {
		f.Host, f.Path, f.Query = strings.ToLower(u.Hostname()), u.EscapedPath(), u.RawQuery
	} else if err == nil {
		f.Path, f.Query = u.EscapedPath(), u.RawQuery
	}
	if f.Path == "" {
		f.Path = "/"
	}
}

// said notes what a flow speaks, or what was decrypted of it.
func (c *captured) said(f *flow.Flow, bytes flow.Bytes) {
	switch f.Speaks {
	case "":
		f.Speaks = bytes
	case flow.TLS:
		f.Inside = bytes
	}
}

// insideTLS is what a hello says is inside: HTTP by its ALPN or its port, else SIP
// by either, else nobody knows.
func insideTLS(h journal.HelloSeen, port uint16) flow.Bytes {
	switch {
	case slices.Contains(h.ALPN, "sip") || port == 5061:
		return flow.SIP
	case slices.Contains(h.ALPN, "h2") || slices.Contains(h.ALPN, "http/1.1") || port == 443:
		return flow.HTTP
	}
	return flow.Unknown
}

func hostPort(s string) (string, uint16) {
	u, err := url.Parse("//" + s)
	if err != nil {
		return strings.ToLower(s), 443
	}
	n, _ := strconv.ParseUint(u.Port(), 10, 16)
	return strings.ToLower(u.Hostname()), uint16(n)
}
