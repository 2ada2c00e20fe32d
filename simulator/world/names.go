package world

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// names are the records of a world: addresses and services. Names compare
// without case and without a final dot.
type names struct {
	mu  sync.Mutex
	a   map[string][]netip.Addr
	srv map[string][]SRV
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func (z *names) setA(name string, addrs []netip.Addr) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.a == nil {
		z.a = make(map[string][]netip.Addr)
	}
	if len(addrs) == 0 {
		delete(z.a, canonical(name))
		return
	}
	z.a[canonical(name)] = slices.Clone(addrs)
}

func (z *names) setSRV(name string, records []SRV) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.srv == nil {
		z.srv = make(map[string][]SRV)
	}
	if len(records) == 0 {
		delete(z.srv, canonical(name))
		return
	}
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), -cmp.Compare(a.Weight, b.Weight))
	})
	z.srv[canonical(name)] = sorted
}

func (z *names) lookA(name string) []netip.Addr {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.Clone(z.a[canonical(name)])
}

func (z *names) lookSRV(name string) []SRV {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.Clone(z.srv[canonical(name)])
}

// resolver looks names up for one host, with the faults that hold for it.
type resolver struct {
	*ground
	host string
	addr netip.Addr
}

func (r resolver) addrs(ctx context.Context, name string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{ip}, nil
	}
	began := time.Now()
	addrs, err := r.lookUp(ctx, name)
	r.tell(Lookup{At: began, Type: "A", Name: name, Addrs: addrs}, err)
	return addrs, err
}

func (r resolver) lookUp(ctx context.Context, name string) ([]netip.Addr, error) {
	wrong, err := r.ask(ctx, name)
	if err != nil {
		return nil, err
	}
	if wrong.IsValid() {
		return []netip.Addr{wrong}, nil
	}
	if found := r.names.lookA(name); len(found) > 0 {
		return found, nil
	}
	return nil, notFound(name)
}

func (r resolver) services(ctx context.Context, name string) ([]SRV, error) {
	began := time.Now()
	found, err := r.lookUpServices(ctx, name)
	r.tell(Lookup{At: began, Type: "SRV", Name: name, SRV: found}, err)
	return found, err
}

// tell tells the tape of a look-up that has ended.
func (r resolver) tell(l Lookup, err error) {
	l.Took, l.From = time.Since(l.At), r.addr
	if no := (*net.DNSError)(nil); errors.As(err, &no) {
		l.Missing, l.Unanswered = no.IsNotFound, no.IsTimeout
	}
	r.config.Tape.lookup(l)
}

func (r resolver) lookUpServices(ctx context.Context, name string) ([]SRV, error) {
	if _, err := r.ask(ctx, name); err != nil {
		return nil, err
	}
	if found := r.names.lookSRV(name); len(found) > 0 {
		return found, nil
	}
	return nil, notFound(name)
}

// ask spends a look-up's time and says what the faults make of it.
func (r resolver) ask(ctx context.Context, name string) (wrong netip.Addr, err error) {
	delay, missing := 2*r.config.latency(), false
	for _, f := range r.faults.now() {
		if !f.onName(name, r.host) {
			continue
		}
		switch f.Kind {
		case NXDomain:
			missing = true
		case SlowNames:
			delay += f.Delay
		case WrongName:
			wrong = f.Addr
		}
	}
	if err := r.wait(ctx, delay); err != nil {
		return wrong, &net.DNSError{Err: "look-up timed out", Name: name, IsTimeout: true, UnwrapErr: err}
	}
	if missing {
		return wrong, notFound(name)
	}
	return wrong, nil
}

func notFound(name string) error {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
