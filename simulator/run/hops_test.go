package run_test

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/simulator/run"
)

const hopsScenario = `
name: who talks to whom
appliance:
  release: 6.5.10.1
  deployment: DEPLOYMENT
  services: [{name: Explicit HTTP, port: 8080, detect_protocol: true}]
  policy: {name: p.cpl, text: "<SSL-Intercept>\n url.host=tunnelled.test ssl.forward_proxy(no)\n ssl.forward_proxy(https)\n<Proxy>\n url.domain=denied.test DENY\n"}
clients:
  alice: {profile: skype-strict}
  bob: {profile: browser}
servers:
  tunnelled.test: {speaks: https, certificate: no_pointers}
steps:
  - alice: {browse: https://www.example.com/}
  - alice: {browse: https://tunnelled.test/}
  - bob: {browse: http://denied.test/}
  - bob: {browse: https://denied.test/}
`

// arrows are the arrows of a step as "from -> to: text [rule]", refusals with a !.
func arrows(s reports.Scenario, step int) []string {
	var all []string
	for _, e := range s.Evidence {
		if e.Step != step || e.From == "" {
			continue
		}
		line := fmt.Sprintf("%s -> %s: %s", e.From, e.To, e.Text)
		if e.Rule != "" {
			line += " [" + e.Rule + "]"
		}
		if e.Refusal {
			line = "! " + line
		}
		all = append(all, line)
	}
	return all
}

func about(lines []string, word string) []string {
	return slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, word) })
}

var _ = Describe("evidence", func() {
	told := func(text string) reports.Scenario {
		_, s := load(text)
		return play(run.Options{}, s).Scenarios[0]
	}
	played := func(deployment string) reports.Scenario {
		return told(strings.Replace(hopsScenario, "DEPLOYMENT", deployment, 1))
	}
	for _, deployment := range []string{"explicit", "transparent"} {
		Describe(deployment, func() {
			It("says that what is decrypted goes to the appliance, and from there to the origin", func() {
				s := played(deployment)
				Expect(arrows(s, 0)).To(ContainElements(
					"alice -> appliance: ClientHello for www.example.com",
					"appliance -> www.example.com: ClientHello for www.example.com",
					"appliance -> pki.test: ocsp http://pki.test/ocsp/issuing for www.example.com: good",
					"! alice -> appliance: sent alert 46 (certificate_unknown)",
				))
			})
			It("tells what both ends recorded once", func() {
				Expect(about(arrows(played(deployment), 0), "alert")).To(HaveLen(1))
			})
			It("says that what is tunnelled goes to the origin", func() {
				s := played(deployment)
				Expect(arrows(s, 1)).To(ContainElements(
					"alice -> appliance: ClientHello for tunnelled.test", // peeked at
					"alice -> tunnelled.test: ClientHello for tunnelled.test",
					"! alice -> tunnelled.test: sent alert 46 (certificate_unknown)",
				))
			})
			It("gives the policy line behind what the appliance does", func() {
				s := played(deployment)
				Expect(about(arrows(s, 2), "exception")).To(Equal([]string{
					"! appliance -> bob: exception policy_denied 403 to request [p.cpl:5]",
				}))
				var emulated []string
				for _, e := range s.Evidence {
					if e.Kind == "CertificateEmulated" {
						emulated = append(emulated, e.Rule)
					}
				}
				Expect(emulated).To(And(Not(BeEmpty()), HaveEach("p.cpl:3")))
			})
			It("names the hosts in the order of a ladder's columns", func() {
				var hosts []string
				for _, h := range played(deployment).Hosts {
					if h.Name != "denied.test" { // reached or not, by deployment
						hosts = append(hosts, string(h.Role)+" "+h.Name)
					}
				}
				Expect(hosts).To(HaveExactElements(
					"client alice", "client bob", "appliance appliance", "origin www.example.com", "origin tunnelled.test", "revocation pki.test",
				))
			})
		})
	}
	It("gives a CONNECT's refusal the line that refused", func() {
		blind := strings.Replace(hopsScenario, "detect_protocol: true", "detect_protocol: false", 1)
		s := told(strings.Replace(blind, "DEPLOYMENT", "explicit", 1))
		Expect(about(arrows(s, 3), "CONNECT")).To(ContainElement(
			"! appliance -> bob: CONNECT denied.test:443: 403 Forbidden [p.cpl:5]",
		))
	})
	It("goes straight to the origin without an appliance", func() {
		s := told(`
name: without
appliance: {deployment: none}
clients:
  alice: {profile: skype-strict}
steps:
  - alice: sign in
`)
		Expect(arrows(s, 0)).To(ContainElements(
			"alice -> sipdir.online.lync.com: connect to sipdir.online.lync.com:443",
			"alice -> sipdir.online.lync.com: ClientHello for sipdir.online.lync.com",
			"sipdir.online.lync.com -> alice: sent SIP 200 OK (registered)",
		))
		Expect(s.Setup).To(Equal(reports.Setup{Deployment: "none"}))
	})
	It("is about a setup", func() {
		Expect(played("explicit").Setup).To(Equal(reports.Setup{Deployment: "explicit", Release: "6.5.10.1", Policy: []string{"p.cpl"}}))
	})
})
