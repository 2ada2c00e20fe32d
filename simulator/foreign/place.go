package foreign

import (
	"context"
	"io"
	"net"
	"net/netip"

	"rehearse/simulator/lab"
	"rehearse/simulator/world"
)

// Place is the world of one scenario, with the interceptor in it.
type Place struct {
	*world.Loopback
	of    *Interceptor
	names io.Closer // the DNS server, nil without one
}

// Enter makes the world of a scenario. name is the interceptor's in it. End it with
// Close.
func (i *Interceptor) Enter(name string) (*Place, error) {
	p := &Place{of: i, Loopback: world.NewLoopback(world.Config{Seed: 1})}
	if i.conf.Plain {
		p.Loopback = world.NewPlainLoopback(world.Config{Seed: 1})
		var err error
		if p.names, err = lab.ServeNames(p.Host("ns.test", lab.FixedAddr(lab.DNS)), 53); err != nil {
			p.Close()
			return nil, lowPorts(err)
		}
	}
	host := p.Host(name, p.client(0))
	if i.exit != nil {
		i.exit.host.Store(&host)
	}
	return p, nil
}

// Close ends the world.
func (p *Place) Close() error {
	if p.of.exit != nil {
		p.of.exit.host.Store(nil)
	}
	if p.names != nil {
		p.names.Close()
	}
	return p.Loopback.Close()
}

// EstateAddr gives the addresses of the estate's servers, as server.Config has it;
// nil leaves the usual ones.
func (p *Place) EstateAddr() func(server string) netip.Addr {
	if !p.of.conf.Plain {
		return nil
	}
	return lab.FixedAddr
}

// SiteAddr is the address of a server beside the estate, the n-th from 0 on.
func (p *Place) SiteAddr(host string, n int) netip.Addr {
	if p.of.conf.Plain {
		return p.of.siteAddr(host)
	}
	return netip.AddrFrom4([4]byte{203, 0, byte(113 + n/240), byte(10 + n%240)})
}

// client is the address of the n-th client, from 1 on; 0 is the interceptor's.
func (p *Place) client(n int) netip.Addr {
	if p.of.conf.Plain {
		return netip.AddrFrom4([4]byte{127, 112, 1, byte(10 + n)})
	}
	return netip.AddrFrom4([4]byte{10, 1, byte(n / 240), byte(10 + n%240)})
}

// Client makes the host of the n-th client, from 1 on. Its TCP connections go where
// the interceptor can be: to it, where it is explicit, and else wherever the system
// leads them.
func (p *Place) Client(name string, n int) world.Host {
	return &clientHost{Host: p.Host(name, p.client(n)), of: p.of}
}

// Explicit is the proxy that clients are told of, "" where they are not.
func (p *Place) Explicit() string {
	if p.of.conf.Transparent {
		return ""
	}
	return p.of.conf.At.String()
}

// clientHost is a client's host: in the world, but for its way to the interceptor.
type clientHost struct {
	world.Host
	of *Interceptor
}

// Dial implements world.Host.
func (h *clientHost) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if network == "tcp" && addr == h.of.conf.At.String() {
		return h.leave(ctx, h.of.conf.At)
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil || network != "tcp" || !h.of.conf.Transparent {
		return h.Host.Dial(ctx, network, addr)
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		addrs, missing := h.Resolve(ctx, host)
		if missing != nil {
			return nil, &net.OpError{Op: "dial", Net: network, Err: missing}
		}
		return h.Dial(ctx, network, addrs[0].String()+addr[len(host):])
	}
	return h.leave(ctx, at)
}

// leave connects by the system's own network.
func (h *clientHost) leave(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	if h.Addr().IsLoopback() && to.Addr().IsLoopback() {
		d.LocalAddr = &net.TCPAddr{IP: h.Addr().AsSlice()}
	}
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	port := tcp.LocalAddr().(*net.TCPAddr).AddrPort().Port()
	return &shownConn{tcp, net.TCPAddrFromAddrPort(netip.AddrPortFrom(h.Addr(), port))}, nil
}

// shownConn is a connection of the system's that shows the client's address in the
// world, by which its flows are known.
type shownConn struct {
	*net.TCPConn
	local net.Addr
}

// LocalAddr implements net.Conn.
func (c *shownConn) LocalAddr() net.Addr { return c.local }
