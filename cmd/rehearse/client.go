package main

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/reports/diag"
	"rehearse/simulator/client"
	"rehearse/simulator/world"
)

func (a *app) client() *cobra.Command {
	c := &cobra.Command{
		Use: "client", Short: "Put one simulated client in front of any server",
		Long: `Put one simulated client in front of any server, on real sockets, directly or through
a proxy. A profile says how it judges certificates and revocation and what it speaks:
rehearse list profiles, rehearse explain skype-strict.`,
	}
	c.AddCommand(a.clientSignIn(), a.clientJoin(), a.clientRelay(), a.clientVerify())
	return c
}

// clientFlags say which server is meant, how to get there and how the client
// judges it.
type clientFlags struct {
	server, connect, dns, proxy, trust, profile string
	resolve                                     []string
	timeout                                     time.Duration
	json                                        bool
}

// add puts the flags on a verb that needs them.
func (f *clientFlags) add(c *cobra.Command) {
	f.addWay(c)
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	c.MarkFlagRequired("trust")
}

// addWay puts the flags on a verb that say where clients go and how they judge.
func (f *clientFlags) addWay(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.server, "server", "", "the server's name and port, `HOST:PORT`; the name is verified and sent as SNI")
	fl.StringVar(&f.connect, "connect", "", "`ADDR` to connect to in place of looking the server's name up, with a port if it is another")
	fl.StringArrayVar(&f.resolve, "resolve", nil, "take `HOST=ADDR` for known in place of looking it up; may be repeated")
	fl.StringVar(&f.dns, "dns", "", "look names up at this DNS server, `ADDR:PORT`, and not at the system's")
	fl.StringVar(&f.proxy, "proxy", "", "explicit HTTP proxy, `ADDR:PORT`")
	fl.StringVar(&f.trust, "trust", "", "PEM `FILE` of the trusted root certificates")
	fl.StringVar(&f.profile, "profile", "skype-strict", "profile `P`: how the client judges")
	fl.DurationVar(&f.timeout, "timeout", time.Minute, "give up after the time `D`")
	c.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions(strings.Split(profileNames(), ", "), cobra.ShellCompDirectiveNoFileComp))
}

func profileNames() string {
	var names []string
	for _, p := range client.Profiles {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// config turns the flags into what a client takes, but for its user.
func (f clientFlags) config() (client.Config, error) {
	conf := client.Config{Proxy: f.proxy, Now: time.Now}
	var ok bool
	if conf.Profile, ok = client.ProfileNamed(f.profile); !ok {
		return conf, noProfile(f.profile)
	}
	if err := f.check(); err != nil {
		return conf, err
	}
	hosts, err := f.hosts()
	if err != nil {
		return conf, err
	}
	machine := world.OS{Hosts: hosts}
	if f.dns != "" {
		if machine.DNS, err = netip.ParseAddrPort(f.dns); err != nil {
			return conf, usage("--dns 127.0.0.1:53", "--dns %q: want ADDR:PORT", f.dns)
		}
	}
	conf.Host = machine
	if f.server != "" {
		if conf.Server, err = f.target(hosts); err != nil {
			return conf, err
		}
	} else if f.connect != "" {
		return conf, usage("--server sip.example.com:443", "--connect is where --server is; there is no --server")
	}
	conf.Roots, err = readRoots(f.trust)
	return conf, err
}

// noProfile names the profiles there are.
func noProfile(got string) error {
	hint := "rehearse list profiles"
	if near := diag.Nearest(got, slices.Values(strings.Split(profileNames(), ", "))); near != "" {
		hint = "--profile " + near
	}
	return usage(hint, "no profile %q; there are %s", got, profileNames())
}

// check is what can be told to be wrong without looking anything up.
func (f clientFlags) check() error {
	if f.timeout <= 0 {
		return usage("--timeout 30s", "--timeout %s: want more than nothing", f.timeout)
	}
	if host, port, err := net.SplitHostPort(f.proxy); f.proxy != "" && (err != nil || host == "" || port == "") {
		return usage("--proxy 10.0.0.1:8080", "--proxy %q: want ADDR:PORT", f.proxy)
	}
	return nil
}

// hosts are the lines of --resolve.
func (f clientFlags) hosts() (map[string]netip.Addr, error) {
	hosts := map[string]netip.Addr{}
	for _, line := range f.resolve {
		name, text, _ := strings.Cut(line, "=")
		addr, err := netip.ParseAddr(text)
		if err != nil || name == "" {
			return nil, usage("--resolve sip.example.com=127.0.0.1", "--resolve %q: want HOST=ADDR", line)
		}
		hosts[hostsKey(name)] = addr
	}
	return hosts, nil
}

func hostsKey(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// target is --server, with --connect as one more line of hosts.
func (f clientFlags) target(hosts map[string]netip.Addr) (string, error) {
	host, port, err := net.SplitHostPort(f.server)
	if err != nil || host == "" || port == "" {
		return "", usage("--server www.example.com:443", "--server %q: want HOST:PORT", f.server)
	}
	if f.connect == "" {
		return net.JoinHostPort(host, port), nil
	}
	addr, err := netip.ParseAddr(strings.Trim(f.connect, "[]"))
	if err != nil {
		at, err := netip.ParseAddrPort(f.connect)
		if err != nil {
			return "", usage("--connect 127.0.0.1", "--connect %q: want an IP address, with or without a port", f.connect)
		}
		addr, port = at.Addr(), strconv.Itoa(int(at.Port()))
	}
	hosts[hostsKey(host)] = addr
	return net.JoinHostPort(host, port), nil
}

func readRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, unable(err, "give the path of a PEM file with the roots")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, &failure{code: exitInput, err: fmt.Errorf("%s: no certificate in PEM form", file), hint: "openssl x509 -in cert.der -inform der -out root.pem"}
	}
	return roots, nil
}

// writeJSON prints one object, indented, as people and programs read it.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
