package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/simulator/client"
)

func (a *app) clientRelay() *cobra.Command {
	var f accountFlags
	var over string
	c := &cobra.Command{
		Use:   "relay --server HOST:PORT --trust FILE --user U --password W",
		Short: "Let audio run through a TURN server and back",
		Long: `Allocate two relay addresses at a TURN server (RFC 8656), over UDP, over TCP or inside
TLS, and let one second of audio run from one to the other and back. What is printed
is how it ended; exit status 0 is ok, 1 is anything else. Over TCP and inside TLS it
goes through --proxy, over UDP past it.

The media relay of Skype for Business speaks MS-TURN; "client join" goes there.`,
		Example: `  rehearse client relay --server turn.example.com:5349 --over tls --trust roots.pem --user alice --password W
  rehearse client relay --server turn.example.com:443 --over tls --proxy 10.0.0.1:8080 --trust appliance.pem --user alice --password W`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains(client.RelayTransports, over) {
				return usage("--over tls", "--over %q: want one of %s", over, strings.Join(client.RelayTransports, ", "))
			}
			if f.user == "" {
				return usage("--user alice", "--user %q: want a name", f.user)
			}
			return a.step(c.Context(), f, client.Relay{Server: f.server, Over: over})
		},
	}
	f.add(c)
	c.Flags().StringVar(&over, "over", "udp", fmt.Sprintf("how to get to the server, `%s`", strings.Join(client.RelayTransports, "|")))
	c.MarkFlagRequired("server")
	return c
}
