package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
)

func (a *app) clientVerify() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "verify --server HOST:PORT --trust FILE --profile P",
		Short: "Judge a TLS server's certificate and its revocation as a client would",
		Long: `Make one TLS connection, judge the chain and its revocation as the profile does,
and hang up. The first word printed is accept or reject, then the code and the
CRL and OCSP fetches that were made. Exit status 0 is accept, 1 reject.

` + wrap(profileNames(), "Profiles: "),
		Example: `  rehearse client verify --server www.example.com:443 --trust roots.pem
  rehearse client verify --server sip.example.com:443 --connect 192.0.2.1 --trust roots.pem --profile browser --json
  rehearse client verify --server sip.example.com:443 --proxy 10.0.0.1:8080 --trust appliance.pem`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.verify(c.Context(), f) },
	}
	f.add(c)
	c.MarkFlagRequired("server")
	return c
}

func (a *app) verify(ctx context.Context, f clientFlags) error {
	conf, err := f.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	v := client.VerifyServer(ctx, client.VerifyConfig{
		Host: conf.Host, Server: conf.Server, Proxy: conf.Proxy, Roots: conf.Roots, Profile: conf.Profile,
	})
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
	return writeJSON(w, out)
}
