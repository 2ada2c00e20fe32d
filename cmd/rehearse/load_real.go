package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/reports"
	"rehearse/simulator/client"
	"rehearse/simulator/lab"
	"rehearse/simulator/load"
)

// crowdFlags say at which real servers a crowd signs in, and as whom.
type crowdFlags struct {
	clientFlags
	lab      string
	users    []string
	password string
	only     bool // sign in, no meetings
	hold     time.Duration
}

func (f *crowdFlags) add(c *cobra.Command) {
	f.addWay(c)
	fl := c.Flags()
	fl.StringVar(&f.lab, "lab", "", "go to the servers that \"rehearse serve --dir `DIR`\" serves")
	fl.StringArrayVar(&f.users, "user", nil, "SIP address to sign in with, `NAME@DOMAIN`; of several, clients take turns")
	fl.StringVar(&f.password, "password", "", "the users' password, `W`")
	fl.BoolVar(&f.only, "sign-in-only", false, "with real servers: join no meetings")
	fl.DurationVar(&f.hold, "hold", 10*time.Second, "with real servers: stay for the time `D`")
	c.MarkFlagDirname("lab")
}

// wanted says whether the crowd goes to real servers.
func (f crowdFlags) wanted() bool { return f.lab != "" || f.server != "" }

// account is a user with a password.
type account struct{ user, password string }

// accounts are those that clients take turns with.
func (f crowdFlags) accounts(known map[string]string) (all []account, err error) {
	for _, user := range f.users {
		if name, domain, ok := strings.Cut(user, "@"); !ok || name == "" || domain == "" {
			return nil, usage("--user alice@contoso.test", "--user %q: want NAME@DOMAIN", user)
		}
		password := f.password
		if password == "" {
			password = known[user]
		}
		all = append(all, account{user, password})
	}
	if len(all) == 0 {
		for _, user := range slices.Sorted(maps.Keys(known)) {
			all = append(all, account{user, known[user]})
		}
	}
	if len(all) == 0 {
		return nil, usage("--user alice@example.com --password W", "--server wants --user")
	}
	return all, nil
}

// readLab takes from a lab's folder what the flags leave open: names, roots, users.
func (f *crowdFlags) readLab() (users map[string]string, err error) {
	if f.lab == "" {
		if f.trust == "" {
			return nil, usage("--trust roots.pem", "--server wants --trust")
		}
		return nil, nil
	}
	file := filepath.Join(f.lab, lab.EndpointsFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, unable(err, "rehearse serve --dir "+f.lab)
	}
	var at struct {
		Users map[string]string `json:"users"`
		SIP   lab.Endpoint      `json:"sip"`
		DNS   lab.Endpoint      `json:"dns"`
	}
	if err := json.Unmarshal(text, &at); err != nil {
		return nil, &failure{code: exitInput, err: fmt.Errorf("%s: %w", file, err), hint: "rehearse serve --dir " + f.lab}
	}
	if f.trust == "" {
		f.trust = filepath.Join(f.lab, lab.RootFile)
	}
	if f.dns == "" {
		f.dns = net.JoinHostPort(at.DNS.Addr, strconv.Itoa(int(at.DNS.Port)))
	}
	if f.server == "" {
		f.server = net.JoinHostPort(at.SIP.Host, strconv.Itoa(int(at.SIP.Port)))
		if _, err := netip.ParseAddr(at.SIP.Addr); err == nil && f.connect == "" {
			f.connect = at.SIP.Addr
		}
	}
	return at.Users, nil
}

// realLoad has a crowd sign in at real servers.
func (a *app) realLoad(ctx context.Context, f loadFlags, p *load.Progress) (*load.Report, error) {
	known, err := f.real.readLab()
	if err != nil {
		return nil, err
	}
	accounts, err := f.real.accounts(known)
	if err != nil {
		return nil, err
	}
	conf, err := f.real.config()
	if err != nil {
		return nil, err
	}
	rep := &load.Report{
		Schema: load.Schema, Tool: reports.Tool{Name: "rehearse", Version: version()}, Server: conf.Server, Clock: load.Real,
		Clients: f.clients, Rate: f.rate, AtOnce: f.atOnce, Steps: []load.Step{},
	}
	crowd := &load.Crowd{Pace: load.Pace{Rate: f.rate, AtOnce: f.atOnce, Limit: f.real.timeout}, Progress: p}
	for i := range f.clients {
		one, who := conf, accounts[i%len(accounts)]
		watch := &load.Stopwatch{}
		one.Name, one.User, one.Password, one.Recorder = "client-"+strconv.Itoa(i+1), who.user, who.password, watch
		c := client.New(one)
		defer c.Close()
		crowd.Members = append(crowd.Members, &load.Member{Client: c, Watch: watch})
	}
	for _, task := range f.real.tasks() {
		if ctx.Err() != nil {
			break
		}
		step := crowd.Take(ctx, task, func() bool { return ctx.Err() != nil })
		step.Actor = "clients"
		rep.Steps = append(rep.Steps, step)
	}
	rep.Count()
	return rep, nil
}

// tasks are what the crowd does: sign in, join a meeting each, stay, leave, sign out.
func (f crowdFlags) tasks() []load.Task {
	plain := func(s client.Step) load.Task {
		return load.Task{Name: s.Name(), Do: func(int) client.Step { return s }}
	}
	tasks := []load.Task{plain(client.SignIn{})}
	if !f.only {
		tasks = append(tasks, load.Task{Name: "join", Do: func(i int) client.Step {
			return client.Join{Meeting: "load-" + strconv.Itoa(i+1)}
		}})
		if f.hold > 0 {
			tasks = append(tasks, load.Task{Name: "talk " + f.hold.String(), Do: func(int) client.Step { return client.Talk{For: f.hold} }})
		}
	}
	return append(tasks, plain(client.SignOut{}))
}
