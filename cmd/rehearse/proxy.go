package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"rehearse/proxy"
	"rehearse/proxy/accesslog"
	"rehearse/proxy/gateway"
	"rehearse/proxy/revocation"
)

// proxyFlags are the flags of `rehearse proxy`.
type proxyFlags struct {
	policy                      policyFlags
	listen, allow, services     []string
	servicesFile, console       string
	transparent                 bool
	ca, trustOut, upstreamTrust string
	revocation, statusListen    string
	statusURL                   string
	staple, resume              bool
	resolve                     []string
	dns, minTLS                 string
	accessLogs                  []string
	connections, perClient      int
	header                      int
	idle, grace                 time.Duration
	events                      bool
}

const proxyLong = `Run the reference interceptor on real sockets, for real clients: an explicit HTTP
proxy or, with --transparent, the place where netfilter redirects connections to.
"ready ADDR:PORT" is printed once it accepts. It runs until it is interrupted or
terminated; then it listens no more and what is under way gets --grace to finish.
SIGHUP reads the policy files again, and opens access logs anew. A policy that does
not compile leaves the old one in force.

Without --policy it does what an appliance without SSL policy does. It listens on
loopback addresses only, unless --allow says who may use it. Never put production
traffic through it.

The CA folder is made on first use: key.pem, which only its owner can read, and
root.pem, which clients must trust. One of your own has the same files, and
chain.pem where an intermediate issues; or --ca names one PEM file with the key and
the chain.

The port of --listen is an Explicit HTTP service with Detect Protocol on; on an
appliance it is off at first. --service changes that, or adds a service on another
port: kind=explicit-http or kind=socks. With --transparent a service takes a port
that clients dial (0 is any): kind=http, ssl or tcp-tunnel; what no service takes is
passed on untouched. Without --service these are HTTP on 80, HTTPS on 443 and, with
detection, all others.

--services FILE reads them from a file, in the words of a scenario:
  - {name: Explicit HTTP, port: 8080, detect_protocol: true}

A keyring with an authority's certificate issues emulated certificates where policy
says ssl.forward_proxy.issuer_keyring(NAME); one with any other answers origins that
ask for a client certificate, by server.connection.client_keyring(NAME). HTTP/2
passes, decrypted and unread, where policy has http2.client.accept(yes) and
http2.server.request(yes); elsewhere it is declined.

Access logs: FILE gets every record in bcreportermain_v1; LOG=FILE or
LOG,FORMAT=FILE those of one log: main, ssl (in bcreporterssl_v1), or a name that
policy gives in access_log. Formats: bcreportermain_v1, bcreporterssl_v1, ssl.`

func (a *app) proxy() *cobra.Command {
	var f proxyFlags
	c := &cobra.Command{
		Use:   "proxy --listen ADDR:PORT --ca DIR",
		Short: "Run the reference interceptor on real sockets",
		Long:  proxyLong,
		Example: `  rehearse proxy --listen 127.0.0.1:8080 --policy detect.cpl --release 6.5.10.1 --ca lab-ca --revocation crl,ocsp
  curl --proxy http://127.0.0.1:8080 --cacert lab-ca/root.pem https://www.example.com/`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runProxy(c.Context(), f) },
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.listen, "listen", nil, "`ADDR:PORT` to listen at; without ADDR loopback, * is every address; port 0 picks one; may be repeated")
	fl.StringArrayVar(&f.allow, "allow", nil, "`CIDR` of clients that may use the proxy; needed where it does not listen on loopback; may be repeated")
	fl.BoolVar(&f.transparent, "transparent", false, "take connections that netfilter redirects")
	fl.StringArrayVar(&f.services, "service", nil, "`NAME=PORT,detect=on|off`, and kind=KIND where it is not the port's usual; may be repeated")
	fl.StringVar(&f.servicesFile, "services", "", "YAML `FILE` with services: a list of name, port, kind and detect_protocol")
	fl.StringArrayVar(&f.policy.files, "policy", nil, "CPL `FILE`; may be repeated, in the order of installation")
	f.policy.addOptions(c)
	fl.Lookup("keyring").Usage = "`NAME[=FILE]` of a keyring that policy may refer to; FILE has its key and chain in PEM form; may be repeated"
	fl.StringVar(&f.ca, "ca", "", "folder of the issuing CA, made on first use, or a PEM file, `DIR`")
	fl.StringVar(&f.trustOut, "trust-out", "", "write the root that clients must trust to `FILE`")
	fl.StringVar(&f.revocation, "revocation", "none", "pointers in emulated certificates: none, crl, ocsp or crl,ocsp, `WHICH`")
	fl.StringVar(&f.statusListen, "revocation-listen", "", "`ADDR:PORT` where CRLs and OCSP answers are served; a free port where it is left out")
	fl.StringVar(&f.statusURL, "revocation-url", "", "`URL` that the pointers begin with, where clients reach it by another name or address")
	fl.BoolVar(&f.staple, "staple", true, "staple OCSP answers where the pointers have OCSP")
	fl.StringVar(&f.upstreamTrust, "upstream-trust", "", "PEM `FILE` of the roots that origins must lead to; the system's where it is left out")
	fl.StringArrayVar(&f.resolve, "resolve", nil, "take `HOST=ADDR[:PORT]` for known in place of looking it up; may be repeated")
	fl.StringVar(&f.dns, "dns", "", "look names up at this DNS server, `ADDR:PORT`, and not at the system's")
	fl.StringVar(&f.minTLS, "tls-min", "1.2", "lowest TLS version on both sides, `1.0|1.1|1.2|1.3`")
	fl.BoolVar(&f.resume, "resume", true, "resume TLS sessions on both sides")
	fl.StringArrayVar(&f.accessLogs, "access-log", nil, "`[LOG[,FORMAT]=]FILE` to append access log records to; may be repeated")
	fl.StringVar(&f.console, "status", "", "loopback `ADDR:PORT` of a status page, of metrics for Prometheus at /metrics, and of policy traces")
	fl.IntVar(&f.header, "max-header", 64<<10, "refuse requests and responses with headers of more than `BYTES`")
	fl.IntVar(&f.connections, "max-connections", 4096, "serve `N` clients at a time; further ones are reset")
	fl.IntVar(&f.perClient, "max-per-client", 0, "serve `N` connections of one address at a time; 0 is 1024, or where it listens on loopback alone as many as there may be")
	fl.DurationVar(&f.idle, "idle", 10*time.Minute, "end connections on which nothing moves for `D`; 0 never does")
	fl.DurationVar(&f.grace, "grace", 3*time.Second, "at the end give what is under way `D` to finish")
	fl.BoolVar(&f.events, "events", false, "print what happens on standard error, as it happens")
	c.MarkFlagRequired("listen")
	c.MarkFlagRequired("ca")
	return c
}

// runProxy opens a gateway and keeps it until ctx ends, which is how it is meant to
// end.
func (a *app) runProxy(ctx context.Context, f proxyFlags) error {
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	conf, err := a.gatewayConfig(&f)
	if err != nil {
		return err
	}
	logs, err := a.accessLogs(&f, &conf)
	if err != nil {
		return err
	}
	defer logs.Close()
	g, err := gateway.Open(ctx, conf)
	if err != nil {
		return unable(err, openHint(err))
	}
	if err := a.announce(g, &f, conf); err != nil {
		return err
	}
	go a.reloadOn(ctx, reload, g, &f, logs)
	g.Serve(ctx)
	return nil
}

// openHint says what to do about a gateway that does not open.
func openHint(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "take a port above 1023"
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return "port 0 takes a free one"
	}
	return ""
}

// gatewayConfig turns the flags into a gateway's configuration.
func (a *app) gatewayConfig(f *proxyFlags) (conf gateway.Config, err error) {
	if conf, err = f.addresses(); err != nil {
		return conf, err
	}
	if conf.Keyrings, err = f.keyrings(); err != nil {
		return conf, err
	}
	program, err := a.compile(f.policy)
	if err != nil {
		return conf, err
	}
	release := program.Release()
	if conf.Pointers, err = f.pointers(); err != nil {
		return conf, err
	}
	if (conf.Pointers.CRL || conf.Pointers.OCSP) && !proxy.FeaturePointers.In(release) {
		return conf, usage("--revocation none", "--revocation %s: release %s has no revocation pointers; they begin with %s", f.revocation, release, proxy.FeaturePointers.Since)
	}
	if err := f.reachable(conf); err != nil {
		return conf, err
	}
	conf.Staple = f.staple && conf.Pointers.OCSP
	if conf.Host, err = f.host(); err != nil {
		return conf, err
	}
	roots, err := f.roots()
	if err != nil {
		return conf, err
	}
	if conf.Authority, err = a.authority(f); err != nil {
		return conf, err
	}
	behaviour, _ := revocation.BehaviourNamed("best-effort")
	conf.Proxy = proxy.Config{
		Release: release, Policy: program.Policy, Roots: roots, Now: time.Now, Revocation: behaviour,
		Limits: proxy.Limits{Idle: f.idle, Header: f.header}, Resume: f.resume,
	}
	if conf.Proxy.MinTLS, err = tlsVersion(f.minTLS); err != nil {
		return conf, err
	}
	if f.events {
		conf.Proxy.Recorder = newEvents(a.err)
	}
	conf.MaxConnections, conf.MaxPerClient, conf.Grace = f.connections, f.perClient, f.grace
	beyond := func(at netip.AddrPort) bool { return !at.Addr().IsLoopback() }
	if f.perClient == 0 && slices.ContainsFunc(conf.Listen, beyond) {
		conf.MaxPerClient = usualPerClient
	}
	conf.Note = func(format string, args ...any) { fmt.Fprintf(a.err, "note: "+format+"\n", args...) }
	return conf, nil
}

// usualPerClient is --max-per-client where it is left out.
const usualPerClient = 1024

func (f *proxyFlags) roots() (*x509.CertPool, error) {
	if f.upstreamTrust != "" {
		return readRoots(f.upstreamTrust)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, unable(err, "--upstream-trust FILE")
	}
	return roots, nil
}

// announce hands the root out, says where the proxy's other places are, and then that
// it is ready.
func (a *app) announce(g *gateway.Gateway, f *proxyFlags, conf gateway.Config) error {
	if f.trustOut != "" {
		if err := os.WriteFile(f.trustOut, gateway.RootPEM(conf.Authority), 0o644); err != nil {
			return unable(err, "give a FILE in a folder that can be written to")
		}
	}
	for _, s := range g.Listening() {
		fmt.Fprintf(a.err, "note: %s\n", s)
	}
	if url := g.ConsoleURL(); url != "" {
		fmt.Fprintf(a.err, "note: status page at %s/\n", url)
	}
	if url := g.StatusURL(); url != "" {
		fmt.Fprintf(a.err, "note: CRLs and OCSP answers at %s\n", url)
	}
	if _, err := fmt.Fprintf(a.out, "ready %s\n", g.Addr()); err != nil {
		return unable(err, "")
	}
	return nil
}

// reloadOn reads the policy again at each signal, and opens the logs anew.
func (a *app) reloadOn(ctx context.Context, signals <-chan os.Signal, g *gateway.Gateway, f *proxyFlags, logs *accesslog.Set) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		a.reload(g, f.policy)
		if err := logs.Reopen(); err != nil {
			fmt.Fprintf(a.err, "error: %v\n", err)
		}
	}
}

func (a *app) reload(g *gateway.Gateway, f policyFlags) {
	program, err := a.compile(f)
	if err != nil {
		report(a.err, err, "rehearse proxy")
		fmt.Fprintln(a.err, "note: the policy before stays in force")
		return
	}
	g.Install(program.Policy)
	fmt.Fprintln(a.err, "note: policy installed")
}
