package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/pflag"

	"rehearse/proxy/emulate"
	"rehearse/proxy/gateway"
	"rehearse/simulator/foreign"
	"rehearse/simulator/run"
)

// againstFlags are the flags of `rehearse run` that put a foreign interceptor in the
// place of the reference interceptor.
type againstFlags struct {
	at, trust, estate, exit string
	addresses, transparent  bool
	configured              bool
}

// defaultExit is where the proxy that leads to the simulated servers listens.
const defaultExit = "127.0.0.1:8899"

const againstLong = `

--against puts another interceptor in the place of the reference interceptor: squid,
mitmproxy, an appliance in a laboratory. Clients trust the CA of --trust as well. It
has to be set up so that it trusts the root of the simulated servers, DIR/root.pem of
--estate DIR, and gets to them in one of two ways:

  --exit ADDR:PORT  an HTTP proxy there leads to them: make it the interceptor's
                    parent proxy. Nothing else is needed (the usual way)
  --addresses       they have addresses of their own, 127.112.0.0/16, at the usual
                    ports, and the DNS server at 127.112.0.53 knows them. Needs the
                    right to bind low ports

With --transparent clients know of no proxy; the system has to redirect connections
from 127.112.1.0/24 to the interceptor. Scenarios run one at a time and in real time.
What cannot be asked of such an interceptor, its release, its policy, a change of
them, is unsupported, not failed: so is an expectation that does not hold where the
scenario sets such things up. --configured says that the interceptor is set up as the
scenarios have it, and what does not hold then has failed.`

func (f *againstFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.at, "against", "", "put the interceptor at `HOST:PORT` in the place of the reference interceptor")
	fl.StringVar(&f.trust, "trust", "", "with --against: `FILE` with the CA certificates of that interceptor (PEM)")
	fl.StringVar(&f.estate, "estate", "", "with --against: keep the root of the simulated servers in `DIR`, made on first use")
	fl.StringVar(&f.exit, "exit", defaultExit, "with --against: the proxy that leads to the simulated servers, `ADDR:PORT` or none")
	fl.BoolVar(&f.addresses, "addresses", false, "with --against: the simulated servers have addresses of their own")
	fl.BoolVar(&f.transparent, "transparent", false, "with --against: the system redirects clients to it")
	fl.BoolVar(&f.configured, "configured", false, "with --against: it is set up as the scenarios say")
}

// check finds flags that do not go together.
func (f runFlags) check() error {
	a := f.against
	switch beside := a != (againstFlags{exit: a.exit}); {
	case a.at == "" && beside:
		return usage("rehearse run --against 127.0.0.1:3128 --trust ca.pem", "--trust, --estate, --addresses, --transparent and --configured go with --against")
	case a.at != "" && a.trust == "":
		return usage("--trust ca.pem", "--against wants --trust with the interceptor's CA")
	case a.at != "" && (f.policy != "" || f.release != "" || f.traces != ""):
		return usage("leave out --policy, --release and --traces", "an interceptor of --against cannot be asked for a policy, a release or traces")
	}
	return nil
}

// overrides are the flags as given.
func (f againstFlags) overrides() []string {
	if f.at == "" {
		return nil
	}
	flags := []string{"--against", f.at, "--trust", f.trust}
	if f.estate != "" {
		flags = append(flags, "--estate", f.estate)
	}
	if f.exit != defaultExit {
		flags = append(flags, "--exit", f.exit)
	}
	for _, f := range []struct {
		on   bool
		flag string
	}{{f.addresses, "--addresses"}, {f.transparent, "--transparent"}, {f.configured, "--configured"}} {
		if f.on {
			flags = append(flags, f.flag)
		}
	}
	return flags
}

// against opens the foreign interceptor of the command line, nil without one. Close
// it.
func (a *app) against(ctx context.Context, f againstFlags) (*run.Against, error) {
	if f.at == "" {
		return nil, nil
	}
	conf := foreign.Config{Transparent: f.transparent, Plain: f.addresses}
	var err error
	if conf.Root, err = a.estateRoot(f.estate); err != nil {
		return nil, err
	}
	if conf.At, err = interceptorAt(ctx, f.at); err != nil {
		return nil, err
	}
	if conf.CA, err = certificates(f.trust); err != nil {
		return nil, err
	}
	if f.exit != "none" {
		if conf.Exit, err = netip.ParseAddrPort(f.exit); err != nil {
			return nil, usage("--exit 127.0.0.1:8899", "--exit %q: want ADDR:PORT or none", f.exit)
		}
	} else if !f.addresses && !f.transparent {
		return nil, usage("--addresses", "--exit none: without --addresses no way leads from the interceptor to the simulated servers")
	}
	i, err := foreign.Open(ctx, conf)
	if err != nil {
		return nil, unable(err, "start the interceptor first, and see that nobody else has the address of --exit")
	}
	a.tellWay(f)
	if err := i.Way(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintf(a.err, "warning: %v\n", err)
	}
	return &run.Against{Interceptor: i, Configured: f.configured}, nil
}

// estateRoot is the root of the simulated servers: kept in a folder, or nil for one
// that nobody has to know.
func (a *app) estateRoot(dir string) (*emulate.Authority, error) {
	if dir == "" {
		fmt.Fprintln(a.err, "note: without --estate the simulated servers have a new root each time, which no interceptor trusts")
		return nil, nil
	}
	root, made, err := gateway.OpenAuthorityNamed(dir, "Rehearsal Public Root CA", time.Now)
	if err != nil {
		return nil, unable(err, "--estate with a folder that is empty or not there makes a new root")
	}
	if made {
		fmt.Fprintf(a.err, "note: root of the simulated servers made: %s/root.pem is what the interceptor has to trust\n", dir)
	}
	return root, nil
}

// tellWay says how the interceptor gets to the simulated servers.
func (a *app) tellWay(f againstFlags) {
	if f.exit != "none" {
		fmt.Fprintf(a.err, "the way to the simulated servers: the HTTP proxy at %s\n", f.exit)
	}
	if f.addresses || f.transparent {
		fmt.Fprintln(a.err, "the way to the simulated servers: 127.112.0.0/16, names from the DNS server at 127.112.0.53")
	}
}

// interceptorAt reads --against.
func interceptorAt(ctx context.Context, text string) (netip.AddrPort, error) {
	const hint = "--against 127.0.0.1:3128"
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return netip.AddrPort{}, usage(hint, "--against %q: want HOST:PORT", text)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addrs) == 0 {
		return netip.AddrPort{}, unable(fmt.Errorf("--against %q: no address for %s: %w", text, host, err), hint)
	}
	at, err := netip.ParseAddrPort(net.JoinHostPort(addrs[0].Unmap().String(), port))
	if err != nil || at.Port() == 0 {
		return at, usage(hint, "--against %q: want a port from 1 to 65535", text)
	}
	return at, nil
}

// certificates reads a PEM file of certificates.
func certificates(name string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, unable(err, "--trust names a PEM file with the interceptor's CA")
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, unable(fmt.Errorf("%s: %w", name, err), "")
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, unable(fmt.Errorf("%s: no certificate in PEM form", name), "openssl x509 -inform der makes PEM of DER")
	}
	return all, nil
}
