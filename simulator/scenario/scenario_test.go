package scenario_test

import (
	"testing"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

func TestScenario(t *testing.T) { worldtest.Suite(t, "scenario") }

// load reads the text as s/case.yaml in a file system with two policies and the
// files given.
func load(text string, more map[string]string) (*scenario.File, diag.List) {
	fsys := fstest.MapFS{
		"s/case.yaml":                   {Data: []byte(text)},
		"policy/https-interception.cpl": {Data: []byte("<SSL-Intercept>\n  ssl.forward_proxy(https)\n")},
		"policy/detect-protocols.cpl":   {Data: []byte("<SSL-Intercept>\n  ssl.forward_proxy(yes)\n")},
	}
	for name, text := range more {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return scenario.Load(fsys, "s/case.yaml", "")
}

// good loads a text without diagnostics.
func good(text string, more map[string]string) *scenario.File {
	GinkgoHelper()
	f, list := load(text, more)
	Expect(list).To(BeEmpty())
	return f
}

// small is a scenario with room for more settings and steps.
func small(settings string) string {
	return `name: small
appliance: {release: 6.5.10.1}
clients: {alice: {profile: skype-strict}}
steps: [{alice: sign in}]
` + settings
}

const example = `# A strict client hangs up on an emulated certificate that carries no revocation pointers.
name: upgrade mends sign-in
labels: [founding-case, sign-in, upgrade]
appliance:
  release: 6.5.9.1
  deployment: explicit            # or transparent
  services:
    - {name: Explicit HTTP, port: 8080, detect_protocol: true}
  policy: ../policy/https-interception.cpl
clients:
  alice: {profile: skype-strict}
  bob:   {profile: browser}
steps:
  - alice: sign in
    expect: {stage: revocation, result: aborted, code: CRYPT_E_NO_REVOCATION_CHECK}
  - bob: {browse: https://www.example.com/}
    expect: {result: ok}
  - appliance: {upgrade: 6.5.10.1, revocation_pointers: [crl, ocsp]}
  - appliance: {policy: ../policy/detect-protocols.cpl}
  - alice: sign in
    expect: {result: ok}
  - alice: {join: weekly}
    expect: {result: ok, media: tcp-relay}
  - faults: {ocsp: {silent: 15s}}
matrix:
  deployment: [explicit, transparent]
`

var _ = Describe("the example of the contract", func() {
	It("is read whole", func() {
		f := good(example, nil)
		Expect(f.Name).To(Equal("upgrade mends sign-in"))
		Expect(f.Labels).To(Equal([]string{"founding-case", "sign-in", "upgrade"}))
		Expect(f.Texts).To(HaveLen(3))
		Expect(f.Variants).To(HaveLen(2))

		s := f.Variants[0]
		Expect(s.Variant).To(Equal([]scenario.Axis{{Name: "deployment", Value: "explicit"}}))
		Expect(s.Appliance.Release).To(Equal(cpl.MustRelease("6.5.9.1")))
		Expect(s.Appliance.Services).To(Equal([]scenario.Service{{Name: "Explicit HTTP", Kind: "explicit-http", Port: 8080, DetectProtocol: true}}))
		Expect(s.Appliance.Policy).To(HaveLen(1))
		Expect(s.Appliance.Policy[0].Name).To(Equal("policy/https-interception.cpl"))
		Expect(s.Clients).To(HaveLen(2))
		Expect(s.Clients[0].User).To(Equal("alice@contoso.test"))
		Expect(s.Network.UDPBlocked).To(BeTrue())
		Expect(s.Servers).To(ConsistOf(HaveField("Host", "www.example.com")))

		var steps []string
		for _, step := range s.Steps {
			steps = append(steps, step.Actor+": "+step.Action.String())
		}
		Expect(steps).To(Equal([]string{
			"alice: sign in", "bob: browse https://www.example.com/",
			"appliance: upgrade 6.5.10.1, revocation pointers crl and ocsp", "appliance: policy policy/detect-protocols.cpl",
			"alice: sign in", "alice: join weekly", "faults: ocsp silent 15s",
		}))
		Expect(s.Steps[0].Expect).To(HaveLen(3))
	})

	It("has the usual services in the deployment for which none is listed", func() {
		s := good(example, nil).Variants[1]
		Expect(s.Appliance.Deployment).To(Equal(scenario.Transparent))
		Expect(s.Appliance.Services).To(Equal([]scenario.Service{
			{Name: "Explicit HTTP", Kind: "explicit-http", Port: 8080, DetectProtocol: true},
			{Name: "External HTTP", Kind: "http", Port: 80, DetectProtocol: true},
			{Name: "HTTPS", Kind: "ssl", Port: 443, DetectProtocol: true},
		}))
	})

	It("keeps the place of each expected value", func() {
		f := good(example, nil)
		for _, w := range f.Variants[0].Steps[0].Expect {
			if w.Key != "code" {
				continue
			}
			Expect(diag.Excerpt(w.Span, func(string) []byte { return f.Source })).To(Equal(
				"        expect: {stage: revocation, result: aborted, code: CRYPT_E_NO_REVOCATION_CHECK}\n" +
					"                                                           ^~~~~~~~~~~~~~~~~~~~~~~~~~~\n"))
		}
	})
})

var _ = Describe("extends", func() {
	base := `name: base
labels: [a, b]
appliance: {release: 6.5.9.1, policy: ../policy/https-interception.cpl, staple: true}
clients:
  alice: {profile: skype-strict, ending: rst}
steps: [{alice: sign in}, {wait: 1h}]
matrix: {deployment: [explicit, transparent]}
`

	It("merges mappings and replaces lists and texts", func() {
		f := good(`extends: ../base/base.yaml
name: mine
appliance: {release: 6.5.10.1}
clients: {bob: {profile: browser}, alice: {ending: fin}}
labels: [c]
steps: [{bob: {browse: "https://www.example.com/"}}]
`, map[string]string{"base/base.yaml": base})
		s := f.Variants[1]
		Expect(s.Name).To(Equal("mine"))
		Expect(s.Labels).To(Equal([]string{"c"}))
		Expect(s.Appliance.Release).To(Equal(cpl.MustRelease("6.5.10.1")))
		Expect(s.Appliance.Staple).To(BeTrue())
		Expect(s.Appliance.Policy[0].Name).To(Equal("policy/https-interception.cpl"))
		Expect(s.Clients).To(HaveExactElements(
			And(HaveField("Name", "alice"), HaveField("Profile", "skype-strict"), HaveField("Ending", "fin")),
			HaveField("Name", "bob")))
		Expect(s.Steps).To(HaveLen(1))
		Expect(s.Appliance.Deployment).To(Equal(scenario.Transparent))
	})

	It("takes an inherited setting away by a key without a value", func() {
		f := good("extends: ../base/base.yaml\nmatrix:\nappliance: {policy: }\n", map[string]string{"base/base.yaml": base})
		Expect(f.Variants).To(HaveLen(1))
		Expect(f.Variants[0].Appliance.Policy).To(BeEmpty())
	})

	It("goes over several files and finds their paths from where they stand", func() {
		f := good("extends: ../deep/er/one.yaml\nname: three\n", map[string]string{
			"deep/er/one.yaml": "extends: ../two.yaml\nappliance: {release: 7.2}\n",
			"deep/two.yaml":    base,
		})
		Expect(f.Variants[0].Appliance.Policy).To(HaveLen(1))
	})

	It("tells of a ring, and of a file that is not there", func() {
		_, list := load("extends: other.yaml\n", map[string]string{"s/other.yaml": "extends: case.yaml\n"})
		Expect(list).To(ContainElement(And(HaveField("ID", "scenario-extends-cycle"), HaveField("Span.File", "s/other.yaml"))))
		_, list = load(small("extends: bsae.yaml\n"), map[string]string{"s/base.yaml": base})
		Expect(list).To(ConsistOf(And(HaveField("ID", "scenario-file"), HaveField("Hints", ConsistOf(`did you mean "base.yaml"?`)))))
	})
})

var _ = Describe("a matrix", func() {
	names := func(f *scenario.File) (all []string) {
		for _, v := range f.Variants {
			name := ""
			for _, a := range v.Variant {
				name += a.Name + "=" + a.Value + " "
			}
			all = append(all, name)
		}
		return all
	}

	It("is multiplied in order, the last axis fastest", func() {
		f := good(small("matrix: {deployment: [explicit, transparent], clients.alice.profile: [skype-strict, browser]}\n"), nil)
		Expect(names(f)).To(Equal([]string{
			"deployment=explicit clients.alice.profile=skype-strict ", "deployment=explicit clients.alice.profile=browser ",
			"deployment=transparent clients.alice.profile=skype-strict ", "deployment=transparent clients.alice.profile=browser ",
		}))
		Expect(f.Variants[3].Clients[0].Profile).To(Equal("browser"))
	})

	It("reaches settings that the text does not have, and services whatever the deployment", func() {
		f := good(small(`matrix:
  revocation_pointers: [none, [crl, ocsp]]
  policy: [none, ../policy/detect-protocols.cpl]
  appliance.services.*.detect_protocol: [true, false]
  deployment: [transparent]
`), nil)
		Expect(names(f)[0]).To(Equal("revocation_pointers=none policy=none appliance.services.*.detect_protocol=true deployment=transparent "))
		last := f.Variants[len(f.Variants)-1]
		Expect(last.Variant[0].Value).To(Equal("crl+ocsp"))
		Expect(last.Variant[1].Value).To(Equal("detect-protocols"))
		Expect(last.Appliance.Pointers.OCSP).To(BeTrue())
		Expect(last.Appliance.Policy).To(HaveLen(1))
		Expect(f.Variants[0].Appliance.Services).To(HaveEach(HaveField("DetectProtocol", true)))
		Expect(last.Appliance.Services).To(HaveLen(2))
		Expect(last.Appliance.Services).To(HaveEach(HaveField("DetectProtocol", false)))
	})

	It("has named values, and axes of several settings", func() {
		f := good(small(`matrix:
  responder:
    silent: {faults: {ocsp: {silent: 15s}}}
    none: {revocation_pointers: none}
  faults.crl: {stale: stale, slow: {slow: 3s}}
`), nil)
		Expect(names(f)).To(HaveExactElements(
			"responder=silent faults.crl=stale ", "responder=silent faults.crl=slow ", "responder=none faults.crl=stale ", "responder=none faults.crl=slow "))
		Expect(f.Variants[1].Steps[0].Action.String()).To(Equal("ocsp silent 15s, crl slow 3s"))
	})

	It("reaches a server by a name with dots, a step by its id", func() {
		f := good(`name: n
appliance: {release: 7.2}
servers: {ssh.example.test: {speaks: ssh, port: 2222}}
clients: {alice: {profile: browser}}
steps: [{id: first, alice: {connect: "ssh.example.test:2222", speak: ssh}}]
matrix:
  servers.ssh.example.test.speaks: [ssh, silent]
  steps.first.faults: {none: none, reset: {network: {reset: ssh.example.test}}}
`, nil)
		Expect(f.Variants[3].Servers[0].Speaks).To(Equal("silent"))
		Expect(f.Variants[3].Steps[0].Faults).To(HaveLen(1))
		Expect(f.Variants[2].Steps[0].Faults).To(BeEmpty())
	})
})

var _ = Describe("conditions", func() {
	text := `name: n
appliance: {release: 6.5.9.1}
clients: {alice: {profile: skype-strict}}
steps:
  - alice: sign in
    expect:
      - {stage: [revocation, done]}
      - {when: {deployment: explicit, release: "<6.5.10"}, result: aborted}
      - {when: {deployment: transparent}, result: refused}
      - {when: {release: [6.5.10.1, ">=7"]}, events: [{kind: HelloSeen, contains: [sip, lync]}]}
  - when: {deployment: transparent}
    wait: 1m
matrix: {deployment: [explicit, transparent], release: [6.5.9.1, 6.5.10.1]}
`
	It("choose expectations by variant", func() {
		_, list := load(text, nil)
		Expect(list).To(BeEmpty())
		f := good(text, nil)
		var wants [][]string
		for _, v := range f.Variants {
			var keys []string
			for _, w := range v.Steps[0].Expect {
				keys = append(keys, w.Key+"="+append(w.Values, "")[0])
			}
			wants = append(wants, keys)
		}
		Expect(wants).To(Equal([][]string{
			{"stage=revocation", "result=aborted"}, {"stage=revocation", "event=sip"},
			{"stage=revocation", "result=refused"}, {"stage=revocation", "result=refused", "event=sip"},
		}))
	})

	It("leave out steps", func() {
		f := good(text, nil)
		Expect(f.Variants[0].Steps).To(HaveLen(1))
		Expect(f.Variants[2].Steps).To(HaveLen(2))
	})
})

var _ = Describe("settings", func() {
	It("are all read", func() {
		f := good(`name: all
start: 2018-05-04T10:00:00Z
appliance:
  release: 6.7.1.1
  deployment: transparent
  default_policy: deny
  issuer: intermediate
  intermediate_pointers: crl
  revocation_pointers: [ocsp]
  staple: true
  categories: {www.example.com: [News, Fun]}
  services: [{name: Any, kind: tcp-tunnel, port: 443}]
  policy:
    - {text: "<Proxy>\n  ALLOW\n", name: inline.cpl}
    - ../policy/detect-protocols.cpl
estate: {domain: fabrikam.test, zone: lync.fabrikam.test, key: rsa, users: {carol@fabrikam.test: pw}}
network: {udp: open, latency: 20ms}
servers:
  www.example.com: {speaks: https, certificate: revoked}
  ssh.example.test: ssh
clients:
  alice: {profile: browser, user: a@fabrikam.test, password: x, ending: fin, trusts_appliance: false, realm: corp, groups: [g1, g2]}
faults: {dns: {wrong: www.example.com, to: 10.6.6.6}}
steps:
  - alice: sign out
  - alice: stayed signed in
  - alice: {connect: "ssh.example.test:22", speak: ssh}
    faults:
      network: [{latency: 200ms, host: ssh.example.test, client: alice}, {loss: 30%, protocol: udp}, {blackhole: avedge.online.lync.com, port: 443}]
      tls: {alert: handshake_failure, host: sipdir.online.lync.com}
      origin_crl: huge
      crl: {silent: 15s}
      front_end: 503
      mras: {status: 504, diagnostics: 1010 the reason}
      edge: {alternate_server: "52.112.0.14:443"}
      web: certificate_expired
    expect: {wire: [fin, alert], bytes: 15 03 01 00 02 02 28, within: 20s, at_least: 1s, media: none, no_events: [{actor: appliance}]}
  - appliance: restart
  - appliance: {cold_cache: true, revoke: www.example.com, policy: none, revocation_pointers: none}
  - faults: none
`, nil)
		s := f.Variants[0]
		Expect(s.Start.Format("2006-01-02 15:04")).To(Equal("2018-05-04 10:00"))
		Expect(s.Appliance.DefaultDeny).To(BeTrue())
		Expect(s.Appliance.Intermediate).To(BeTrue())
		Expect(s.Appliance.IntermediatePointers.CRL).To(BeTrue())
		Expect(s.Appliance.Pointers.OCSP).To(BeTrue())
		Expect(s.Appliance.Categories).To(HaveKeyWithValue("www.example.com", []string{"News", "Fun"}))
		Expect(s.Appliance.Policy).To(HaveExactElements(HaveField("Name", "inline.cpl"), HaveField("Name", "policy/detect-protocols.cpl")))
		Expect(f.Texts).To(HaveKey("inline.cpl"))
		Expect(s.Estate).To(Equal(scenario.Estate{Domain: "fabrikam.test", Zone: "lync.fabrikam.test", Key: "rsa", Users: map[string]string{"carol@fabrikam.test": "pw"}}))
		Expect(s.Network.UDPBlocked).To(BeFalse())
		Expect(s.Servers).To(HaveExactElements(
			And(HaveField("Port", uint16(443)), HaveField("Certificate", "revoked")),
			And(HaveField("Port", uint16(22)), HaveField("Speaks", "ssh"))))
		Expect(s.Clients[0].Distrusts).To(BeTrue())
		Expect(s.Clients[0].Groups).To(Equal([]string{"g1", "g2"}))
		Expect(s.Steps[0].Action.String()).To(Equal("dns wrong www.example.com"))

		var faults []string
		for _, f := range s.Steps[3].Faults {
			faults = append(faults, f.String())
		}
		Expect(faults).To(Equal([]string{
			"network latency ssh.example.test 200ms", "network loss", "network blackhole avedge.online.lync.com",
			"tls alert sipdir.online.lync.com 40", "origin_crl crl_huge", "crl silent 15s", "front_end status 503",
			"mras status 504 1010 the reason", "edge alternate_server 52.112.0.14:443", "web certificate_expired",
		}))
		Expect(s.Steps[3].Faults[1].Rate).To(Equal(0.3))
		Expect(s.Steps[3].Expect).To(HaveLen(6))
		Expect(s.Steps[3].Expect[0].Values).To(Equal([]string{"FIN", "alert"}))
		Expect(s.Steps[5].Action.String()).To(Equal("revocation pointers none, no policy, cold certificate cache, revoke www.example.com"))
		Expect(s.Steps[6].Action.String()).To(Equal("no faults"))
	})

	It("read every fault of the vocabulary as the table says", func() {
		for _, k := range scenario.FaultKinds() {
			values := map[string]string{
				"by": "3s", "name": "a.test", "host": "a.test", "to": "10.0.0.1", "rate": "0.5", "alert": "40", "status": "503", "address": "10.0.0.1:443", "way": "mute",
			}
			spec := k.Word
			if len(k.Needed) > 0 {
				spec = "{" + k.Word + ": " + values[k.Needed[0]]
				for _, p := range k.Needed[1:] {
					spec += ", " + p + ": " + values[p]
				}
				spec += "}"
			}
			f := good(small("faults: {"+k.Target+": "+spec+"}\n"), nil)
			set := f.Variants[0].Steps[0].Action.(scenario.SetFaults)
			Expect(set.Faults).To(ConsistOf(And(HaveField("Target", k.Target), HaveField("Kind", k.Kind))), spec)
		}
	})
})
