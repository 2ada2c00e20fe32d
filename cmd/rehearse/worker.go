package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rehearse/simulator/fleet"
)

// linkFlags say how to come to a NATS server.
type linkFlags struct {
	server, tokenFile, creds string
	ca, cert, key            string
}

func (f *linkFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.server, "server", "", "a NATS server or cluster, `URL`: nats://HOST:PORT or tls://HOST:PORT, more of them behind commas")
	fl.StringVar(&f.tokenFile, "token-file", "", "the token is the first line of `FILE`; else it is that of REHEARSE_TOKEN, if any")
	fl.StringVar(&f.creds, "creds", "", "NATS credentials in `FILE`")
	fl.StringVar(&f.ca, "tls-ca", "", "hold the other side's certificate against the authorities in `FILE`, PEM")
	fl.StringVar(&f.cert, "tls-cert", "", "the certificate of this side, `FILE`, PEM")
	fl.StringVar(&f.key, "tls-key", "", "its key, `FILE`, PEM")
}

// link reads the files that the flags name.
func (f linkFlags) link(name string) (fleet.Link, error) {
	l := fleet.Link{URL: f.server, Token: os.Getenv("REHEARSE_TOKEN"), Credentials: f.creds, Name: name}
	if f.tokenFile != "" {
		text, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return l, unable(err, "give --token-file a file that can be read")
		}
		line, _, _ := strings.Cut(string(text), "\n")
		if l.Token = strings.TrimSpace(line); l.Token == "" {
			return l, usage("head -c 24 /dev/urandom | base64 > "+f.tokenFile, "--token-file %s: the first line is empty", f.tokenFile)
		}
	}
	var err error
	l.TLS, err = f.tls()
	return l, err
}

// tls is nil where no flag speaks of it.
func (f linkFlags) tls() (*tls.Config, error) {
	if f.ca == "" && f.cert == "" && f.key == "" {
		return nil, nil
	}
	if (f.cert == "") != (f.key == "") {
		return nil, usage("--tls-cert cert.pem --tls-key key.pem", "--tls-cert and --tls-key go together")
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, unable(err, "give --tls-cert and --tls-key PEM files that belong together")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if f.ca != "" {
		text, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, unable(err, "give --tls-ca a file that can be read")
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, unable(fmt.Errorf("%s has no certificate in PEM form", f.ca), "give --tls-ca a PEM file")
		}
		// Whoever is the server asks for certificates, whoever is not checks one.
		c.RootCAs, c.ClientCAs, c.ClientAuth = pool, pool, tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// rarely is how much garbage a worker makes before it is collected, in percent of
// what it keeps. That is little: a task's results go once they are stored.
const rarely = 400

func (a *app) work() *cobra.Command {
	var f linkFlags
	var jobs int
	var idle time.Duration
	c := &cobra.Command{
		Use:   "worker",
		Short: "Play scenarios for a coordinator",
		Long: `Play the scenarios that "rehearse coordinate" hands out, until interrupted, or with
--idle until there has been nothing to do for a while. Many workers may be there,
before and after the coordinator is; it has to be the same build of this program.
Told to end, a worker gives back what it has not finished, for others to take.`,
		Example: `  rehearse worker --server nats://coordinator:4222 --token-file token
  rehearse worker --server tls://coordinator:4222 --tls-ca ca.pem -j 8 --idle 1m`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if jobs < 1 {
				return usage("-j 1", "--jobs %d: want at least 1", jobs)
			}
			if idle < 0 {
				return usage("--idle 1m", "--idle %s: want at least 0", idle)
			}
			link, err := f.link("rehearse worker")
			if err != nil {
				return err
			}
			conn, err := link.Dial(c.Context())
			if c.Context().Err() != nil {
				return nil // told to end before the server was there
			}
			if err != nil {
				return unable(err, "the server has to take this token, these credentials or this certificate")
			}
			defer conn.Close()
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(rarely)
			}
			fmt.Fprintf(a.out, "ready %s\n", f.server)
			var played atomic.Int64
			w := a.worker(jobs)
			w.Idle, w.Played = idle, func(_ string, n int) { played.Add(int64(n)) }
			err = w.Work(c.Context(), conn)
			fmt.Fprintf(a.out, "played %s\n", counted(int(played.Load()), "scenario", "scenarios"))
			if errors.Is(err, fleet.ErrBuild) {
				return unable(err, "install the same build here")
			}
			if err != nil {
				return unable(err, "")
			}
			return nil
		},
	}
	fl := c.Flags()
	f.add(fl)
	fl.IntVarP(&jobs, "jobs", "j", runtime.NumCPU(), "play `N` scenarios at a time")
	fl.DurationVar(&idle, "idle", 0, "end after `DURATION` with nothing to do; 0 is never")
	c.MarkFlagRequired("server")
	return c
}
