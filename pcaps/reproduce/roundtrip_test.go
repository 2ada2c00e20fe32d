package reproduce_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"rehearse/pcaps/reproduce"
	"rehearse/pcaps/story"
)

// everyRound runs all failing rehearsals, not some of them:
//
//	go test ./pcaps/reproduce -run TestRoundTrips -all -v -timeout 1h
func everyRound() bool {
	f := flag.Lookup("all")
	return f != nil && f.Value.String() == "true"
}

// quick are the rehearsals of a short test: of each kind of trouble one.
func quick() []string {
	return []string{"no pointers, alert, explicit", "front_end: cut_record, decrypted, transparent", "edge: close, decrypted, explicit"}
}

// failing is a rehearsal that fails for a known cause.
type failing struct{ name, text string }

// setting is how an office is set up for a cause.
type setting struct {
	release, pointers, policy, detect, issuer string
	client                                    string // more of its keys
	faults                                    string
	steps                                     string
	servers                                   string
}

// office is a scenario with one cause, and with a network that loses one packet in a
// hundred.
func (s setting) office(deployment string) string {
	services := fmt.Sprintf("[{name: Explicit HTTP, kind: explicit-http, port: 8080, detect_protocol: %s}]", s.detect)
	if deployment == "transparent" {
		services = fmt.Sprintf("[{name: External HTTP, kind: http, port: 80, detect_protocol: %s}, {name: HTTPS, kind: ssl, port: 443, detect_protocol: %[1]s}]", s.detect)
	}
	issuer := ""
	if s.issuer != "" {
		issuer = "\n  issuer: " + s.issuer
	}
	faults := "{network: {loss: 1%}}"
	if s.faults != "" {
		faults = "{network: {loss: 1%}, " + s.faults + "}"
		if network, rest, ok := strings.Cut(s.faults, "network: "); ok && network == "" {
			faults = "{network: [{loss: 1%}, " + rest + "]}"
		}
	}
	servers := ""
	if s.servers != "" {
		servers = "servers: " + s.servers + "\n"
	}
	return fmt.Sprintf(`name: one cause
appliance:
  release: %s
  deployment: %s
  services: %s
  revocation_pointers: %s%s
  policy: {name: p.cpl, text: %q}
clients: {alice: {profile: skype-strict%s}}
%sfaults: %s
steps:
%s`, s.release, deployment, services, s.pointers, issuer, s.policy, s.client, servers, faults, s.steps)
}

const (
	https   = "<SSL-Intercept>\n ssl.forward_proxy(https)\n"
	yes     = "<SSL-Intercept>\n ssl.forward_proxy(yes)\n"
	bypass  = "<SSL-Intercept>\n url.host.substring=lync.com ssl.forward_proxy(no)\n ssl.forward_proxy(https)\n"
	unknown = "<Proxy>\n DENY client.protocol=!ssl tunneled=yes\n"
	signIn  = "  - alice: sign in\n"
	join    = signIn + "  - alice: {join: weekly}\n"
)

// causes are settings in which something fails, by the cause.
func causes() []failing {
	good := setting{release: "6.5.10.1", pointers: "[crl, ocsp]", policy: yes, detect: "true", steps: join}
	var all []failing
	add := func(name string, on func(*setting)) {
		for _, deployment := range []string{"explicit", "transparent"} {
			s := good
			on(&s)
			all = append(all, failing{name + ", " + deployment, s.office(deployment)})
		}
	}
	for _, ending := range []string{"alert", "fin", "rst"} {
		add("no pointers, "+ending, func(s *setting) {
			s.release, s.pointers, s.policy, s.client, s.steps = "6.5.9.1", "none", https, ", ending: "+ending, signIn
		})
		add("root not installed, "+ending, func(s *setting) { s.client, s.steps = ", trusts_appliance: false, ending: "+ending, signIn })
		add("SIP taken for HTTP, "+ending, func(s *setting) { s.policy, s.client, s.steps = https, ", ending: "+ending, signIn })
		add("intermediate without pointers, "+ending, func(s *setting) { s.issuer, s.client, s.steps = "intermediate", ", ending: "+ending, signIn })
		for _, fault := range []string{"down", "silent", "stale", "not_yet_valid", "malformed", "http404", "http503", "revoked_leaf"} {
			add("status "+fault+", "+ending, func(s *setting) {
				s.faults, s.client, s.steps = fmt.Sprintf("ocsp: %s, crl: %[1]s", fault), ", ending: "+ending, signIn
			})
		}
		for _, pointers := range []string{"[ocsp]", "[crl]"} {
			add("status down, "+pointers+", "+ending, func(s *setting) {
				s.pointers, s.faults, s.client, s.steps = pointers, "ocsp: down, crl: down", ", ending: "+ending, signIn
			})
		}
	}
	for _, policy := range []string{yes, bypass} {
		for _, fault := range []string{
			"dns: {nxdomain: sipdir.online.lync.com}", "network: {reset: sipdir.online.lync.com}", "network: {blackhole: sipdir.online.lync.com}",
			"front_end: silent", "front_end: close", "front_end: 503", "front_end: 403", "front_end: cut_record", "front_end: {alert: handshake_failure}",
			"front_end: certificate_expired", "front_end: certificate_wrong_name", "front_end: certificate_untrusted", "front_end: certificate_revoked",
			"front_end: {status: 504, diagnostics: 1010 no peer}", "front_end: certificate_no_pointers",
			"edge: silent", "edge: close", "edge: edge_full", "mras: 503", "mras: silent", "network: {reset: avedge.online.lync.com}", "network: {blackhole: avedge.online.lync.com}",
		} {
			add(fault+", "+map[string]string{yes: "decrypted", bypass: "not decrypted"}[policy], func(s *setting) { s.policy, s.faults = policy, fault })
		}
	}
	add("status host denied", func(s *setting) { s.policy, s.steps = yes+"<Proxy>\n url.domain=appliance.test DENY\n", signIn })
	add("status host not found", func(s *setting) { s.faults, s.steps = "dns: {nxdomain: status.appliance.test}", signIn })
	add("sign-in denied", func(s *setting) { s.policy, s.steps = yes+"<Proxy>\n url.domain=sipdir.online.lync.com DENY\n", signIn })
	add("pseudo-TLS taken for TLS", func(s *setting) { s.release, s.pointers, s.policy = "6.5.9.1", "none", bypass })
	add("unknown protocols denied", func(s *setting) { s.policy, s.detect = yes+unknown, "false" })
	add("detection off", func(s *setting) { s.detect = "false" })
	add("wrong password", func(s *setting) { s.client, s.steps = ", password: wrong", signIn })
	for _, cert := range []string{"expired", "untrusted", "wrong_name", "revoked"} {
		add("page with a certificate "+cert, func(s *setting) {
			s.servers, s.steps = "{www.example.com: {speaks: https, certificate: "+cert+"}}", "  - alice: {browse: https://www.example.com/}\n"
		})
	}
	return all
}

// outcome is what came of a round trip.
type outcome struct {
	failing
	keys  bool
	found *reproduce.Found
	err   error
}

func (o outcome) equal() bool { return o.err == nil && len(o.found.Differences) == 0 }

// round rehearses a failure, captures it, makes a scenario of the capture and
// rehearses that.
func round(t *testing.T, f failing, keys bool) outcome {
	o := outcome{failing: f, keys: keys}
	bench := reproduce.Bench{Secrets: keys, Bubble: func(work func()) { synctest.Test(t, func(*testing.T) { work() }) }}
	s, err := reproduce.Load(f.text)
	if err != nil {
		o.err = err
		return o
	}
	first, err := bench.Rehearse(context.Background(), s)
	if err != nil {
		o.err = err
		return o
	}
	sum, err := story.Read(bytes.NewReader(first.Capture), story.Options{Events: true})
	if err != nil {
		o.err = err
		return o
	}
	o.found, o.err = reproduce.Scenario(context.Background(), sum, reproduce.Options{Bench: bench})
	return o
}

func TestRoundTrips(t *testing.T) {
	all := causes()
	aims := map[bool]float64{true: 0.95, false: 0.80}
	for _, keys := range []bool{true, false} {
		var some []failing
		for _, f := range all {
			if everyRound() || slices.Contains(quick(), f.name) {
				some = append(some, f)
			}
		}
		results := make([]outcome, len(some))
		var wg sync.WaitGroup
		next := make(chan int)
		for range runtime.NumCPU() {
			wg.Go(func() {
				for i := range next {
					results[i] = round(t, some[i], keys)
				}
			})
		}
		for i := range some {
			next <- i
		}
		close(next)
		wg.Wait()
		equal, tried := 0, 0
		for _, o := range results {
			if o.equal() {
				equal++
			} else {
				t.Log(told(o))
			}
			if o.found != nil {
				tried += o.found.Tried
			}
		}
		share := float64(equal) / float64(len(some))
		t.Logf("keys %t: %d of %d round trips have equal signatures (%.1f %%), %d hypotheses tried", keys, equal, len(some), 100*share, tried)
		if share < aims[keys] {
			t.Errorf("keys %t: %.1f %% of round trips have equal signatures, want %.0f %%", keys, 100*share, 100*aims[keys])
		}
	}
}

// told is what a round trip that is not equal lacks.
func told(o outcome) string {
	if o.err != nil {
		return fmt.Sprintf("%s: %v", o.name, o.err)
	}
	text := fmt.Sprintf("%s: %d of %d fields differ, %d tried", o.name, len(o.found.Differences), len(o.found.Differences)+o.found.Same, o.found.Tried)
	for i, d := range o.found.Differences {
		if i == 6 {
			break
		}
		text += "\n    " + d.String()
	}
	return text
}
