package proxy

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// OSHost is the machine the program runs on: real sockets, the system's resolver
// or one of its own choice. Set its fields before first use; it is safe for
// concurrent use then.
type OSHost struct {
	// Label is the host's name, the actor's in the journal.
	Label string
	// Hosts are names, in lower case and without a final dot, that are not looked
	// up. A port other than 0 takes the place of the one that is dialled.
	Hosts map[string]netip.AddrPort
	// DNS is the server that names are looked up at; the zero value is the system's.
	DNS netip.AddrPort
	// Refuse says why an address is not to be connected to, nil for nothing. It sees
	// addresses, never names, so that no name leads around it.
	Refuse func(netip.AddrPort) error
	// Unsent bounds how long a peer may take nothing of what is sent to it; 0 means
	// no bound. Only Linux keeps it.
	Unsent time.Duration
}

var _ Host = (*OSHost)(nil)

// Name implements Host.
func (h *OSHost) Name() string { return h.Label }

// Dial implements Host. Connections are *net.TCPConn.
func (h *OSHost) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if at, ok := h.lookup(host); ok {
		addr = net.JoinHostPort(at.Addr().String(), port)
		if at.Port() != 0 {
			addr = at.String()
		}
	}
	d := net.Dialer{Resolver: h.resolver(), KeepAlive: 30 * time.Second, Control: h.control}
	return d.DialContext(ctx, network, addr)
}

// control is asked about each address before it is connected to.
func (h *OSHost) control(_, addr string, c syscall.RawConn) error {
	boundUnsent(c, h.Unsent)
	if h.Refuse == nil {
		return nil
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return err
	}
	return h.Refuse(netip.AddrPortFrom(at.Addr().Unmap(), at.Port()))
}

// Listen takes TCP connections at "addr:port" of one address.
func (h *OSHost) Listen(ctx context.Context, addr netip.AddrPort) (*net.TCPListener, error) {
	network := "tcp4"
	if addr.Addr().Is6() {
		network = "tcp6"
	}
	conf := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		boundUnsent(c, h.Unsent) // accepted connections have it, too
		return nil
	}}
	l, err := conf.Listen(ctx, network, addr.String())
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// Resolve implements Host.
func (h *OSHost) Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	if at, ok := h.lookup(name); ok {
		return []netip.Addr{at.Addr()}, nil
	}
	addrs, err := h.resolver().LookupNetIP(ctx, "ip", name)
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

func (h *OSHost) lookup(name string) (netip.AddrPort, bool) {
	at, ok := h.Hosts[strings.ToLower(strings.TrimSuffix(name, "."))]
	return at, ok
}

func (h *OSHost) resolver() *net.Resolver {
	if !h.DNS.IsValid() {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, h.DNS.String())
	}}
}
