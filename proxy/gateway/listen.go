package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"time"

	"rehearse/proxy"
)

// listener is an open port with the service it is for; on a transparent gateway the
// service is chosen by where each client was going.
type listener struct {
	*net.TCPListener
	at      netip.AddrPort
	service *proxy.Service
}

// listen opens the ports: of each service at each address.
func (g *Gateway) listen(ctx context.Context) error {
	if g.conf.Transparent {
		return g.listenAt(ctx, 0, nil)
	}
	for i := range g.conf.Services {
		s := &g.conf.Services[i]
		if err := g.listenAt(ctx, s.Port, s); err != nil {
			return fmt.Errorf("service %s: %w", s.Name, err)
		}
	}
	return nil
}

// listenAt opens a port at every address, 0 being that of each in the configuration.
// A port that is picked for one address is asked for at the next ones.
func (g *Gateway) listenAt(ctx context.Context, port uint16, s *proxy.Service) error {
	var picked uint16
	for _, at := range g.conf.Listen {
		want := cmp.Or(port, at.Port(), picked)
		l, err := g.conf.Host.Listen(ctx, netip.AddrPortFrom(at.Addr(), want))
		if err != nil {
			return err
		}
		picked = l.Addr().(*net.TCPAddr).AddrPort().Port()
		g.listeners = append(g.listeners, listener{TCPListener: l, at: netip.AddrPortFrom(at.Addr(), picked), service: s})
	}
	return nil
}

// Listening tells the services and where they are listened for, one a line.
func (g *Gateway) Listening() []string {
	var lines []string
	for _, l := range g.listeners {
		switch s := l.service; {
		case s == nil:
			lines = append(lines, fmt.Sprintf("redirected connections are taken at %s", l.at))
		case s.DetectProtocol:
			lines = append(lines, fmt.Sprintf("%s (%s, detect on) at %s", s.Name, s.Kind, l.at))
		default:
			lines = append(lines, fmt.Sprintf("%s (%s, detect off) at %s", s.Name, s.Kind, l.at))
		}
	}
	return lines
}

// longestPause is how long accepting rests at most when there are no descriptors.
const longestPause = time.Second

// accept takes connections of a listener until it is closed. Errors that pass, as
// when descriptors run out, are waited for.
func (g *Gateway) accept(ctx context.Context, l listener) {
	pause := 5 * time.Millisecond
	for {
		c, err := l.AcceptTCP()
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			g.admit(ctx, l, c)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			g.conf.Note("%v; trying again", err)
			time.Sleep(pause)
			pause = min(2*pause, longestPause)
		}
	}
}

// admit begins a flow for a connection, or resets it and says why.
func (g *Gateway) admit(ctx context.Context, l listener, c *net.TCPConn) {
	in, to, refusal := g.target(l, c)
	source := addrOf(c.RemoteAddr()).Addr()
	if refusal == "" {
		refusal = g.enter(source)
	}
	if refusal != "" {
		c.SetLinger(0)
		c.Close()
		g.refuse(c, refusal)
		return
	}
	g.meters.add("rehearse_connections_total")
	g.flows.Go(func() {
		defer g.leave(source)
		defer g.survive(c)
		in.Serve(ctx, c, to)
	})
}

// survive ends one flow when a mistake of the program's would end all, and tells of it.
func (g *Gateway) survive(c *net.TCPConn) {
	if p := recover(); p != nil {
		c.Close()
		g.conf.Note("a flow ended by a mistake of this program: %v\n%s", p, debug.Stack())
	}
}

// target says who serves a connection and as what, or why nobody does.
func (g *Gateway) target(l listener, c *net.TCPConn) (in proxy.Interceptor, to proxy.Target, refusal string) {
	if source := addrOf(c.RemoteAddr()).Addr(); !g.allowed(source) {
		return nil, to, "source not allowed"
	}
	if l.service != nil {
		return g.proxy, proxy.Target{Service: *l.service}, ""
	}
	dst, err := originalDst(c)
	switch {
	case err != nil:
		return nil, to, "no original destination: " + err.Error()
	case g.refuseSelf(dst) != nil:
		return nil, to, "not redirected here, but connected to this port"
	}
	to.Dst = dst
	for _, port := range []uint16{dst.Port(), 0} {
		for _, s := range g.conf.Services {
			if s.Port == port {
				to.Service = s
				return g.proxy, to, ""
			}
		}
	}
	return g.direct, to, ""
}

func (g *Gateway) allowed(source netip.Addr) bool {
	return slices.ContainsFunc(g.conf.Allow, func(p netip.Prefix) bool { return p.Contains(source) })
}

func (g *Gateway) isLocal(a netip.Addr) bool {
	return a.IsLoopback() || slices.Contains(g.local, a)
}

// localAddrs are the machine's own addresses.
func localAddrs() []netip.Addr {
	var out []netip.Addr
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr().Unmap())
		}
	}
	return out
}

// addrOf is a TCP address without the IPv4-in-IPv6 form.
func addrOf(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
	}
	return netip.AddrPort{}
}
