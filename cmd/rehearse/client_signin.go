package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
)

// accountFlags are the flags of the verbs that sign in.
type accountFlags struct {
	clientFlags
	user, password, meeting string
	events                  bool
}

func (f *accountFlags) add(c *cobra.Command) {
	f.clientFlags.add(c)
	fl := c.Flags()
	fl.StringVar(&f.user, "user", "", "SIP address to sign in with, `NAME@DOMAIN`")
	fl.StringVar(&f.password, "password", "", "its password, `W`")
	fl.BoolVar(&f.events, "events", false, "print what happens on standard error, as it happens")
	c.MarkFlagRequired("user")
}

func (a *app) clientSignIn() *cobra.Command {
	var f accountFlags
	c := &cobra.Command{
		Use:   "sign-in --server HOST:PORT --trust FILE --user U --password W",
		Short: "Sign in at a SIP server, and out again",
		Long: `Sign in as a Skype for Business client does: find the server (without --server by
autodiscovery and DNS), TLS, revocation, REGISTER with NTLM, subscriptions. Then
sign out. What is printed is how the sign-in ended; exit status 0 is ok, 1 is
anything else.

` + wrap(profileNames(), "Profiles: "),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.signedIn(c.Context(), f, client.SignIn{}) },
	}
	f.add(c)
	return c
}

func (a *app) clientJoin() *cobra.Command {
	var f accountFlags
	c := &cobra.Command{
		Use:   "join --server HOST:PORT --trust FILE --user U --password W --meeting URI",
		Short: "Sign in, join a meeting with audio, and leave",
		Long: `Sign in as "client sign-in" does, ask for relay credentials, allocate at the A/V
edge (MS-TURN, at port 443 behind pseudo-TLS), join the conference with audio and
measure it. Then leave and sign out. What is printed is how the join ended; exit
status 0 is ok, 1 is anything else, a meeting without audio among it.

` + wrap(profileNames(), "Profiles: "),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.signedIn(c.Context(), f, client.Join{Meeting: f.meeting})
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.meeting, "meeting", "", "the meeting, `URI`: a meeting page, a focus address (sip:...;gruu;opaque=app:conf:focus:id:ID), or the id of a meeting of the user's own")
	c.MarkFlagRequired("meeting")
	return c
}

// signedIn takes a step of a client that has to sign in for it, so that its user is a
// SIP address.
func (a *app) signedIn(ctx context.Context, f accountFlags, s client.Step) error {
	if name, domain, ok := strings.Cut(f.user, "@"); !ok || name == "" || domain == "" {
		return usage("--user alice@contoso.test", "--user %q: want NAME@DOMAIN", f.user)
	}
	return a.step(ctx, f, s)
}

// step takes one step with a client of its own and tells how it ended.
func (a *app) step(ctx context.Context, f accountFlags, s client.Step) error {
	conf, err := f.config()
	if err != nil {
		return err
	}
	conf.Name, conf.User, conf.Password = "client", f.user, f.password
	if f.events {
		conf.Recorder = newEvents(a.err)
	}
	c := client.New(conf)
	defer c.Close()
	limited, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	out := c.Do(limited, s)
	if out.Result == journal.OK || out.Result == journal.Degraded {
		c.Do(limited, client.SignOut{}) // leaves the meeting, too
	}
	if err := a.printOutcome(out, f.json); err != nil {
		return unable(err, "")
	}
	switch {
	case ctx.Err() != nil:
		return told(exitInterrupted)
	case out.Result != journal.OK:
		return told(exitFailed)
	}
	return nil
}

func (a *app) printOutcome(out journal.Outcome, asJSON bool) error {
	if asJSON {
		return writeJSON(a.out, out)
	}
	_, err := fmt.Fprintf(a.out, "%s\n%s\n", out, out.Text)
	return err
}
