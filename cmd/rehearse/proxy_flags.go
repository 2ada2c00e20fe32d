package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/gateway"
)

// addresses are where the proxy listens, for what, and for whom.
func (f *proxyFlags) addresses() (conf gateway.Config, err error) {
	for _, text := range f.listen {
		at, err := listenAddrs("--listen", text)
		if err != nil {
			return conf, err
		}
		conf.Listen = append(conf.Listen, at...)
	}
	for _, text := range f.allow {
		prefix, err := netip.ParsePrefix(text)
		if addr, e := netip.ParseAddr(text); e == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return conf, usage("--allow 10.1.0.0/16", "--allow %q: want a network as CIDR, or an address", text)
		}
		conf.Allow = append(conf.Allow, prefix.Masked())
	}
	if len(conf.Allow) == 0 {
		for _, at := range conf.Listen {
			if !at.Addr().IsLoopback() {
				return conf, usage("--allow 10.1.0.0/16", "--listen %s is not loopback: --allow has to say who may use the proxy", at)
			}
		}
	}
	if f.statusListen != "" {
		at, err := listenAddrs("--revocation-listen", f.statusListen)
		if err != nil {
			return conf, err
		}
		conf.Status = at[0]
	}
	if f.console != "" {
		at, err := listenAddrs("--status", f.console)
		if err != nil {
			return conf, err
		}
		if conf.Console = at[0]; !conf.Console.Addr().IsLoopback() {
			return conf, usage("--status 127.0.0.1:8082", "--status %s is not loopback: the page tells who went where", f.console)
		}
	}
	if f.header < 1024 {
		return conf, usage("--max-header 65536", "--max-header %d: want at least 1024 bytes", f.header)
	}
	conf.Transparent = f.transparent
	conf.Services, err = f.serviceList(conf.Listen[0].Port())
	return conf, err
}

// listenAddrs reads ADDR:PORT: no ADDR or localhost is loopback of both families, *
// every address of both.
func listenAddrs(flag, text string) ([]netip.AddrPort, error) {
	host, p, err := net.SplitHostPort(text)
	port, perr := strconv.ParseUint(p, 10, 16)
	if err != nil || perr != nil {
		return nil, usage(flag+" 127.0.0.1:8080", "%s %q: want ADDR:PORT", flag, text)
	}
	var addrs []netip.Addr
	switch host {
	case "", "localhost":
		addrs = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		if hasAddr("::1") {
			addrs = append(addrs, netip.IPv6Loopback())
		}
	case "*":
		addrs = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	default:
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return nil, usage(flag+" 127.0.0.1:8080", "%s %q: %q is no IP address", flag, text, host)
		}
		addrs = []netip.Addr{addr}
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		out = append(out, netip.AddrPortFrom(a, uint16(port)))
	}
	return out, nil
}

// hasAddr says whether the machine has an address.
func hasAddr(want string) bool {
	addrs, _ := net.InterfaceAddrs()
	return slices.ContainsFunc(addrs, func(a net.Addr) bool { return strings.HasPrefix(a.String(), want+"/") })
}

// serviceList is --service, or what is usual. Main is the port of --listen.
//
// Differs from SGOS: the service that --listen opens has Detect Protocol on, without
// which policy intercepts nothing; on a new appliance it is off.
func (f *proxyFlags) serviceList(main uint16) ([]proxy.Service, error) {
	var out []proxy.Service
	if f.servicesFile != "" {
		var err error
		if out, err = servicesFrom(f.servicesFile, f.transparent); err != nil {
			return nil, err
		}
	}
	for _, text := range f.services {
		s, err := f.service(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o proxy.Service) bool { return o.Port == s.Port }) {
			return nil, usage("rehearse proxy --help", "--service %q: another service has port %d", text, s.Port)
		}
		out = append(out, s)
	}
	if f.transparent {
		if len(out) == 0 {
			out = []proxy.Service{
				{Name: "HTTP", Group: "Standard", Kind: proxy.HTTP, Port: 80},
				{Name: "HTTPS", Group: "Standard", Kind: proxy.SSL, Port: 443, DetectProtocol: true},
				{Name: "Default", Group: "Standard", Kind: proxy.TCPTunnel, DetectProtocol: true},
			}
		}
		return out, nil
	}
	usual := proxy.Service{Name: "Explicit HTTP", Group: "Standard", Kind: proxy.ExplicitHTTP, DetectProtocol: true}
	if i := slices.IndexFunc(out, func(s proxy.Service) bool { return s.Port == main || s.Port == 0 }); i >= 0 {
		usual = out[i]
		out = slices.Delete(out, i, i+1)
		usual.Port = 0
	}
	return append([]proxy.Service{usual}, out...), nil // the first is the one that "ready" tells
}

// service reads NAME=PORT[,detect=on|off][,kind=KIND].
func (f *proxyFlags) service(text string) (proxy.Service, error) {
	const hint = `--service "Explicit HTTP=8080,detect=on"`
	name, rest, ok := strings.Cut(text, "=")
	settings := strings.Split(rest, ",")
	port, err := strconv.ParseUint(settings[0], 10, 16)
	if !ok || name == "" || err != nil {
		return proxy.Service{}, usage(hint, "--service %q: want NAME=PORT,detect=on|off", text)
	}
	s := proxy.Service{Name: name, Group: "Standard", Port: uint16(port), Kind: usualKind(uint16(port), f.transparent)}
	for _, setting := range settings[1:] {
		switch key, value, _ := strings.Cut(setting, "="); {
		case key == "detect" && (value == "on" || value == "off"):
			s.DetectProtocol = value == "on"
		case key == "kind" && slices.Contains(proxy.Kinds, proxy.Kind(value)):
			s.Kind = proxy.Kind(value)
		case key == "kind":
			return s, usage(hint, "--service %q: no kind %q; there are %s", text, value, kindNames())
		default:
			return s, usage(hint, "--service %q: %q is neither detect=on, detect=off nor kind=KIND", text, setting)
		}
	}
	if s.Kind.Transparent() != f.transparent {
		return s, usage("rehearse proxy --help", "--service %q: kind %s is for %s clients", text, s.Kind, map[bool]string{true: "transparent", false: "explicit"}[s.Kind.Transparent()])
	}
	return s, nil
}

// usualKind is the kind of service that a port usually has.
func usualKind(port uint16, transparent bool) proxy.Kind {
	switch {
	case transparent && port == 80:
		return proxy.HTTP
	case transparent && port == 443:
		return proxy.SSL
	case transparent:
		return proxy.TCPTunnel
	case port == 1080:
		return proxy.SOCKS
	}
	return proxy.ExplicitHTTP
}

func kindNames() string {
	var names []string
	for _, k := range proxy.Kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// pointers are --revocation.
func (f *proxyFlags) pointers() (emulate.Pointers, error) {
	var p emulate.Pointers
	for _, word := range strings.Split(f.revocation, ",") {
		switch strings.TrimSpace(word) {
		case "crl":
			p.CRL = true
		case "ocsp":
			p.OCSP = true
		case "none":
			if f.revocation == "none" {
				break
			}
			fallthrough
		default:
			return p, usage("--revocation crl,ocsp", "--revocation %q: want none, crl, ocsp or crl,ocsp", f.revocation)
		}
	}
	if f.statusURL != "" {
		u, err := url.Parse(f.statusURL)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return p, usage("--revocation-url http://status.example.com", "--revocation-url %q: want an http URL", f.statusURL)
		}
		p.Base = strings.TrimSuffix(f.statusURL, "/")
	}
	return p, nil
}

// reachable refuses pointers that would lead to no address at all.
func (f *proxyFlags) reachable(conf gateway.Config) error {
	at := conf.Listen[0].Addr()
	if conf.Status.IsValid() {
		at = conf.Status.Addr()
	}
	if (conf.Pointers.CRL || conf.Pointers.OCSP) && conf.Pointers.Base == "" && at.IsUnspecified() {
		return usage("--revocation-listen 10.1.0.1:8081", "CRLs and OCSP answers would be served at %s, which is no address for a certificate; give --revocation-listen or --revocation-url", at)
	}
	return nil
}

// host is the network towards the origins: --resolve and --dns.
func (f *proxyFlags) host() (*proxy.OSHost, error) {
	h := &proxy.OSHost{Label: "proxy", Hosts: map[string]netip.AddrPort{}, Unsent: f.idle}
	for _, line := range f.resolve {
		name, text, _ := strings.Cut(line, "=")
		at, err := netip.ParseAddrPort(text)
		if addr, e := netip.ParseAddr(strings.Trim(text, "[]")); e == nil {
			at, err = netip.AddrPortFrom(addr, 0), nil
		}
		if err != nil || name == "" {
			return nil, usage("--resolve www.example.com=127.0.0.1:8443", "--resolve %q: want HOST=ADDR or HOST=ADDR:PORT", line)
		}
		h.Hosts[hostsKey(name)] = at
	}
	if f.dns != "" {
		var err error
		if h.DNS, err = netip.ParseAddrPort(f.dns); err != nil {
			return nil, usage("--dns 127.0.0.1:53", "--dns %q: want ADDR:PORT", f.dns)
		}
	}
	return h, nil
}

// keyrings are those of --keyring that come with a file. Policy is left with the names.
func (f *proxyFlags) keyrings() (map[string]gateway.Keyring, error) {
	all := map[string]gateway.Keyring{}
	for i, text := range f.policy.keyrings {
		name, path, ok := strings.Cut(text, "=")
		if !ok {
			continue
		}
		if name == "" {
			return nil, usage("--keyring partner=partner.pem", "--keyring %q: want NAME or NAME=FILE", text)
		}
		k, err := gateway.OpenKeyring(name, path, time.Now)
		if err != nil {
			return nil, unable(err, "a keyring is a PEM file with a private key and its certificate chain")
		}
		f.policy.keyrings[i], all[name] = name, k
	}
	return all, nil
}

// authority is --ca.
func (a *app) authority(f *proxyFlags) (*emulate.Authority, error) {
	authority, made, err := gateway.OpenAuthority(f.ca, time.Now)
	if err != nil {
		return nil, unable(err, "--ca with a folder that is empty or not there makes a new CA")
	}
	if made {
		fmt.Fprintf(a.err, "note: CA made in %s\n", f.ca)
	}
	if gateway.KeyExposed(f.ca) {
		fmt.Fprintf(a.err, "warning: others can read the key in %s; chmod 600 mends that\n", f.ca)
	}
	return authority, nil
}

func tlsVersion(text string) (uint16, error) {
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		if tls.VersionName(v) == "TLS "+text {
			return v, nil
		}
	}
	return 0, usage("--tls-min 1.2", "--tls-min %q: want 1.0, 1.1, 1.2 or 1.3", text)
}
