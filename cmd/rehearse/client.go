package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/world"
)

func (a *app) client() *cobra.Command {
	c := &cobra.Command{
		Use: "client", Short: "Use one simulated client against any server", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.clientVerify())
	return c
}

// verifyFlags are the flags of `rehearse client verify`.
type verifyFlags struct {
	server, connect, proxy, trust, profile string
	timeout                                time.Duration
	json                                   bool
}

func (a *app) clientVerify() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify --server HOST:PORT --trust FILE --profile P",
		Short: "Judge a TLS server's certificate and its revocation as a client would",
		Long: `Make one TLS connection, judge the chain and its revocation as the profile does,
and hang up. The first word printed is accept or reject, then the code and the
CRL and OCSP fetches that were made. Exit status 0 is accept, 1 reject.

Profiles: ` + profileNames(),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.verify(c.Context(), f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.server, "server", "", "the server's name and port, `HOST:PORT`; the name is verified and sent as SNI")
	fl.StringVar(&f.connect, "connect", "", "`ADDR` to connect to in place of looking the name up, with a port if it is another")
	fl.StringVar(&f.proxy, "proxy", "", "explicit HTTP proxy, `ADDR:PORT`")
	fl.StringVar(&f.trust, "trust", "", "PEM `FILE` of the trusted root certificates")
	fl.StringVar(&f.profile, "profile", "skype-strict", "how the client judges, `P`")
	fl.DurationVar(&f.timeout, "timeout", time.Minute, "give up after `D`")
	fl.BoolVar(&f.json, "json", false, "print one JSON object")
	c.MarkFlagRequired("server")
	c.MarkFlagRequired("trust")
	return c
}

func profileNames() string {
	var names []string
	for _, p := range client.Profiles {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

func (a *app) verify(ctx context.Context, f verifyFlags) error {
	conf, err := f.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	v := client.VerifyServer(ctx, conf)
	if f.json {
		err = printVerdictJSON(a.out, v)
	} else {
		err = printVerdict(a.out, v)
	}
	if err != nil {
		return unable(err, "")
	}
	if !v.Accept {
		return told(exitFailed)
	}
	return nil
}

// config turns the flags into what the client takes.
func (f verifyFlags) config() (client.VerifyConfig, error) {
	var none client.VerifyConfig
	profile, ok := client.ProfileNamed(f.profile)
	if !ok {
		return none, usage("--profile skype-strict", "no profile %q; there are %s", f.profile, profileNames())
	}
	host, port, err := net.SplitHostPort(f.server)
	if err != nil {
		return none, usage("--server www.example.com:443", "--server %q: want HOST:PORT", f.server)
	}
	hosts, server, err := connectTo(f.connect, host, port)
	if err != nil {
		return none, err
	}
	roots, err := readRoots(f.trust)
	if err != nil {
		return none, err
	}
	return client.VerifyConfig{
		Host: world.OS{Hosts: hosts}, Server: server, Proxy: f.proxy, Roots: roots, Profile: profile,
	}, nil
}

// connectTo is --connect as a line of a hosts file.
func connectTo(connect, host, port string) (map[string]netip.Addr, string, error) {
	server := net.JoinHostPort(host, port)
	if connect == "" {
		return nil, server, nil
	}
	addr, err := netip.ParseAddr(strings.Trim(connect, "[]"))
	if err != nil {
		at, err := netip.ParseAddrPort(connect)
		if err != nil {
			return nil, "", usage("--connect 127.0.0.1", "--connect %q: want an IP address, with or without a port", connect)
		}
		addr, server = at.Addr(), net.JoinHostPort(host, strconv.Itoa(int(at.Port())))
	}
	return map[string]netip.Addr{strings.ToLower(strings.TrimSuffix(host, ".")): addr}, server, nil
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

func word(v client.Verdict) string {
	if v.Accept {
		return "accept"
	}
	return "reject"
}

func printVerdict(w io.Writer, v client.Verdict) error {
	var b strings.Builder
	b.WriteString(word(v))
	if v.Outcome.Code != "" {
		fmt.Fprintf(&b, " %s", v.Outcome.Code)
	}
	fmt.Fprintf(&b, "\n%s\n", v.Outcome.Text)
	for _, fetch := range v.Fetches {
		fmt.Fprintf(&b, "  %s %s %s for %s: %s\n", fetch.What, fetch.Method, fetch.URL, fetch.For, fetch.Result)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// verdictJSON is the object of --json.
type verdictJSON struct {
	Verdict string          `json:"verdict"`
	Outcome journal.Outcome `json:"outcome"`
	Fetches []fetchJSON     `json:"fetches"`
}

type fetchJSON struct {
	What        string `json:"what"`
	Method      string `json:"method"`
	URL         string `json:"url"`
	Certificate string `json:"certificate"`
	Result      string `json:"result"`
}

func printVerdictJSON(w io.Writer, v client.Verdict) error {
	out := verdictJSON{Verdict: word(v), Outcome: v.Outcome, Fetches: []fetchJSON{}}
	for _, f := range v.Fetches {
		out.Fetches = append(out.Fetches, fetchJSON{What: f.What, Method: f.Method, URL: f.URL, Certificate: f.For, Result: f.Result})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
