package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"rehearse/simulator/lab"
)

// serveFlags are the flags of `rehearse serve`.
type serveFlags struct {
	dir, ports, auth, ice string
	events                bool
}

func (a *app) serve() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve --dir DIR",
		Short: "Serve the simulated estate on loopback for foreign clients",
		Long: `Serve a Skype for Business estate on loopback addresses: front end (SIP over TLS),
discovery and meeting pages, A/V edge (MS-TURN), TURN, CRLs and OCSP answers, and a
DNS server that knows its names. DIR gets root.pem, the root to trust, and
endpoints.json: where each server is, and the users with their passwords. Then
"ready" is printed. It serves until it is interrupted or terminated.

With --ports fixed the ports are the usual ones, and each server has an address of
its own in 127.112.0.0/24; clients that insist on port 443 need that, pseudo-TLS to
the A/V edge among them. With --ports free all are at 127.0.0.1 at ports that the
system picks.`,
		Example: `  rehearse serve --dir lab &
  rehearse client sign-in --trust lab/root.pem --dns 127.0.0.1:PORT --user alice@contoso.test --password 'Passw0rd!'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.keepServing(c.Context(), f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.dir, "dir", "", "folder for root.pem and endpoints.json, `DIR`; it is made")
	fl.StringVar(&f.ports, "ports", lab.Free, "which ports to take: fixed or free, `HOW`")
	fl.StringVar(&f.auth, "auth", "ntlm", "what SIP users are asked for: ntlm, or none for clients that do not know it, `HOW`")
	fl.StringVar(&f.ice, "ice", "ms-ice2", "which ICE clients are to speak: ms-ice2, or ms-ice as before 2013, `DIALECT`")
	fl.BoolVar(&f.events, "events", false, "print what happens on standard error, as it happens")
	c.MarkFlagRequired("dir")
	return c
}

// keepServing runs a lab until ctx ends, which is how it is meant to end.
func (a *app) keepServing(ctx context.Context, f serveFlags) error {
	if f.ports != lab.Fixed && f.ports != lab.Free {
		return usage("--ports free", "--ports %q: want %s or %s", f.ports, lab.Fixed, lab.Free)
	}
	if f.auth != "ntlm" && f.auth != "none" {
		return usage("--auth ntlm", "--auth %q: want ntlm or none", f.auth)
	}
	if f.ice != "ms-ice" && f.ice != "ms-ice2" {
		return usage("--ice ms-ice2", "--ice %q: want ms-ice2 or ms-ice", f.ice)
	}
	conf := lab.Config{Ports: f.ports, Open: f.auth == "none", OldICE: f.ice == "ms-ice"}
	if f.events {
		conf.Recorder = newEvents(a.err)
	}
	l, err := lab.Open(conf)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return unable(err, "--ports free")
	case err != nil:
		return unable(err, "")
	}
	defer l.Close()
	if err := l.Write(f.dir); err != nil {
		return unable(err, "give a folder that can be written to")
	}
	if _, err := fmt.Fprintln(a.out, "ready"); err != nil {
		return unable(err, "")
	}
	<-ctx.Done()
	return nil
}
