package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"rehearse/pcaps/write"
	"rehearse/simulator/fleet"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// coordinateFlags are the flags of `rehearse coordinate`.
type coordinateFlags struct {
	runFlags
	link          linkFlags
	listen, store string
	lease         time.Duration
	batch, copies int
	name          string
}

func (a *app) coordinate() *cobra.Command {
	var f coordinateFlags
	c := &cobra.Command{
		Use:   "coordinate [PATH...]",
		Short: "Run scenarios on many machines, by workers (NATS JetStream)",
		Long: `Run scenarios as "rehearse run" does, played by "rehearse worker" on any number of
machines. The report is that of a run on one machine, to the byte.

Tasks and results go over NATS JetStream: a server of this program's own, or with
--server a cluster that is there anyway. A task goes to another worker when the
one that has it does not speak up for the time of --lease, so a worker may be
killed at any time. Interrupted, or ended by force, the same command goes on where
it stopped, as long as the server's store lasts: with --store, or on a cluster.

At an address that is not loopback the server asks for a token: that in the file of
--token-file, or in the variable REHEARSE_TOKEN. With --tls-cert and --tls-key it
speaks TLS; with --tls-ca workers need certificates of that authority.`,
		Example: `  rehearse coordinate my-scenarios/ -j 2 --report json=results.json
  rehearse coordinate my-scenarios/ --listen 0.0.0.0:4222 --token-file token --tls-cert cert.pem --tls-key key.pem
  rehearse coordinate my-scenarios/ --server nats://nats.example.com:4222 --creds ci.creds`,
		RunE: func(c *cobra.Command, paths []string) error {
			err := a.runCoordinator(c.Context(), paths, f)
			if wrong := (*failure)(nil); errors.As(err, &wrong) && wrong.code == exitInput {
				fmt.Fprintln(a.err, "nothing was run")
			}
			return err
		},
	}
	fl := c.Flags()
	f.selects(fl)
	fl.IntVarP(&f.workers, "jobs", "j", 0, "play `N` scenarios at a time here too")
	fl.StringVar(&f.listen, "listen", "127.0.0.1:4222", "where the server listens, `ADDR:PORT`; port 0 is any free one")
	fl.StringVar(&f.store, "store", "", "keep tasks and results in `DIR` until the run is over, so that it can go on after an end by force")
	fl.DurationVar(&f.lease, "lease", fleet.DefaultLease, "give a task to another worker after `DURATION` without a sign of life")
	fl.IntVar(&f.batch, "batch", 0, "put `N` scenarios in a task; 0 is by their number")
	fl.IntVar(&f.copies, "replicas", 1, "keep tasks and results on `N` servers of a cluster")
	fl.StringVar(&f.name, "name", "", "a `NAME` that tells this run from others of the same scenarios on one cluster")
	f.capture.add(c)
	f.link.add(fl)
	c.MarkFlagDirname("store")
	completes(c)
	return c
}

// runCoordinator is the verb: select, check, hand out, put together, report.
func (a *app) runCoordinator(ctx context.Context, paths []string, f coordinateFlags) error {
	switch {
	case f.workers < 0:
		return usage("-j 0", "--jobs %d: want at least 0", f.workers)
	case f.lease < 100*time.Millisecond:
		return usage("--lease 10s", "--lease %s: want at least 100ms", f.lease)
	case f.link.server != "" && f.store != "":
		return usage("leave --store out", "--store %s: the server of --server has a store of its own", f.store)
	case f.batch < 0:
		return usage("--batch 10", "--batch %d: want at least 0", f.batch)
	}
	if err := f.capture.check(""); err != nil {
		return err
	}
	if f.capture.split {
		return usage("rehearse run --capture DIR --capture-split", "--capture-split: workers make one capture a variant")
	}
	p, err := a.prepare(paths, f.runFlags)
	if err != nil {
		return err
	}
	link, err := f.link.link("rehearse coordinate")
	if err != nil {
		return err
	}
	conn, end, err := a.meet(ctx, f, link)
	if err != nil {
		return err
	}
	defer end()
	if err := p.to.open(a.out); err != nil {
		return err
	}
	return a.hand(ctx, conn, p, f)
}

// meet connects to the cluster of --server, or starts a server and connects to that.
func (a *app) meet(ctx context.Context, f coordinateFlags, link fleet.Link) (conn *nats.Conn, end func(), err error) {
	if link.URL != "" {
		if conn, err = link.Dial(ctx); err != nil {
			return nil, nil, unable(err, "the server has to be there, with JetStream, and take this token or these credentials")
		}
		return conn, conn.Close, nil
	}
	c := fleet.ServerConfig{Listen: f.listen, Store: f.store, Token: link.Token, TLS: link.TLS}
	if c.TLS != nil && len(c.TLS.Certificates) == 0 {
		return nil, nil, usage("--tls-cert cert.pem --tls-key key.pem", "a server that speaks TLS needs a certificate")
	}
	s, err := fleet.Serve(c)
	if errors.Is(err, fleet.ErrOpen) {
		return nil, nil, usage("--token-file FILE", "--listen %v", err)
	}
	if err != nil {
		return nil, nil, unable(err, "--listen 127.0.0.1:0")
	}
	if conn, err = s.Connect(); err != nil {
		s.Close()
		return nil, nil, unable(err, "")
	}
	fmt.Fprintf(a.err, "workers are welcome: %s\n", invitation(s.Addr(), f.link))
	return conn, func() { conn.Close(); s.Close() }, nil
}

// invitation is what to type for a worker on this machine.
func invitation(addr string, f linkFlags) string {
	words := []string{"rehearse worker --server"}
	switch {
	case f.cert != "":
		words = append(words, "tls://"+addr, "--tls-ca CA.pem")
	default:
		words = append(words, "nats://"+addr)
	}
	if f.ca != "" {
		words = append(words, "--tls-cert CERT.pem --tls-key KEY.pem")
	}
	if f.tokenFile != "" {
		words = append(words, "--token-file "+f.tokenFile)
	}
	return strings.Join(words, " ")
}

// hand has the job played, also by players of this process, and concludes.
func (a *app) hand(ctx context.Context, conn *nats.Conn, p prepared, f coordinateFlags) error {
	var players sync.WaitGroup
	here, stop := context.WithCancel(ctx)
	defer players.Wait()
	defer stop()
	if f.workers > 0 {
		// Why they stop is told by what is missing, or by the coordinator itself.
		players.Go(func() { _ = a.worker(f.workers).Work(here, conn) })
	}
	captured, err := f.capture.captures()
	if err != nil {
		return err
	}
	status := newStatus(a.err, len(p.chosen.scenarios))
	rep, err := fleet.Coordinate(ctx, conn, p.job(f.runFlags), fleet.Options{
		Name: f.name, Batch: f.batch, Lease: f.lease, Replicas: f.copies, FailFast: f.failFast, Progress: status.update, Captured: captured.store(),
		Ready: func(_, done int) {
			if done > 0 {
				fmt.Fprintf(a.err, "%s by an earlier attempt\n", counted(done, "scenario was played", "scenarios were played"))
			}
		},
	})
	status.clear()
	if rep == nil {
		return unable(err, "")
	}
	if err != nil && ctx.Err() == nil {
		return unable(err, "")
	}
	return a.conclude(rep, len(p.chosen.scenarios), ctx.Err(), f.runFlags, p.to)
}

// worker is what plays tasks in this process.
func (a *app) worker(jobs int) fleet.Worker {
	return fleet.Worker{Tool: tool(), Build: build(), Jobs: jobs, Bubble: a.bubble, Capture: packed}
}

// packed is a capture as a worker sends it.
func packed(r *run.Recording, c fleet.Capture) (name string, text []byte, err error) {
	capture := write.Of(r)
	if c.WithoutKeys {
		capture.Secrets = nil
	}
	var b bytes.Buffer
	_, err = capture.WriteTo(&b)
	return path.Join(c.Dir, stem(r)+".pcapng"), b.Bytes(), err
}

// store is what a coordinator hands captures to; nil where none is wanted. Whatever a
// worker says, they go into the one folder.
func (c *captures) store() func(name string, text []byte) (string, error) {
	if c == nil {
		return nil
	}
	return func(name string, text []byte) (string, error) {
		name = filepath.Join(c.dir, c.unique(fileName(strings.TrimSuffix(path.Base(name), ".pcapng")))+".pcapng")
		return filepath.ToSlash(name), os.WriteFile(name, text, 0o644)
	}
}

// job is what workers have to know of a selection.
func (p prepared) job(f runFlags) fleet.Job {
	job := fleet.Job{
		Tool: tool(), Build: build(), Texts: p.files.texts,
		Selected: p.chosen.of, Release: f.release, Policy: f.policy, Overrides: f.overrides(),
	}
	if c := f.capture; c.dir != "" {
		job.Capture = &fleet.Capture{Dir: filepath.ToSlash(c.dir), OnFail: c.on == "fail", WithoutKeys: c.noKeys}
	}
	type variant struct {
		file string
		n    int
	}
	all := map[*scenario.Scenario]variant{}
	for _, file := range p.files.scenarios {
		for i, s := range file.Variants {
			all[s] = variant{file.Path, i}
		}
	}
	for i, s := range p.chosen.scenarios {
		job.Scenarios = append(job.Scenarios, fleet.Ref{Place: p.chosen.places[i], File: all[s].file, Variant: all[s].n})
	}
	return job
}
