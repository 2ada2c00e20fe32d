package world

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// OS is the machine the program runs on as a Host, for clients that are sent to
// real servers: real sockets, real time. The zero value is ready.
type OS struct {
	// Hosts are names that are not looked up, like the lines of a hosts file.
	// They are lower case and without a final dot.
	Hosts map[string]netip.Addr
	// DNS is the server where all others are looked up; invalid is the system's.
	DNS netip.AddrPort
}

var _ Host = OS{}

// Name implements Host.
func (OS) Name() string { return "localhost" }

// Addr implements Host: the loopback address.
func (OS) Addr() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

// Dial implements Host.
func (o OS) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if a, ok := o.lookup(host); ok {
		addr = net.JoinHostPort(a.String(), port)
	}
	d := net.Dialer{Resolver: o.resolver()}
	return d.DialContext(ctx, network, addr)
}

// resolver asks the DNS server that is named, or the system.
func (o OS) resolver() *net.Resolver {
	if !o.DNS.IsValid() {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, o.DNS.String())
	}}
}

// Listen implements Host, on the loopback address only.
func (o OS) Listen(network, addr string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(context.Background(), network, o.local(addr))
}

// ListenPacket implements Host, on the loopback address only.
func (o OS) ListenPacket(network, addr string) (net.PacketConn, error) {
	return new(net.ListenConfig).ListenPacket(context.Background(), network, o.local(addr))
}

func (o OS) local(addr string) string {
	if strings.HasPrefix(addr, ":") {
		return o.Addr().String() + addr
	}
	return addr
}

// Resolve implements Host.
func (o OS) Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	if a, ok := o.lookup(name); ok {
		return []netip.Addr{a}, nil
	}
	addrs, err := o.resolver().LookupNetIP(ctx, "ip", name)
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

// ResolveSRV implements Host.
func (o OS) ResolveSRV(ctx context.Context, name string) ([]SRV, error) {
	_, found, err := o.resolver().LookupSRV(ctx, "", "", name)
	records := make([]SRV, 0, len(found))
	for _, r := range found {
		records = append(records, SRV{Target: strings.TrimSuffix(r.Target, "."), Port: r.Port, Priority: r.Priority, Weight: r.Weight})
	}
	return records, err
}

func (o OS) lookup(name string) (netip.Addr, bool) {
	a, ok := o.Hosts[strings.ToLower(strings.TrimSuffix(name, "."))]
	return a, ok
}
