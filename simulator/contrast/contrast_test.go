package contrast_test

import (
	"context"
	"fmt"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/diff"
	"rehearse/proxy/policy/space"
	"rehearse/simulator/contrast"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

const office = `
name: an office
appliance:
  release: 6.5.10.1
  revocation_pointers: [crl, ocsp]
  services:
    - {name: Explicit HTTP, kind: explicit-http, port: 8080, detect_protocol: true}
  policy: own.cpl
servers:
  www.example.com: {speaks: https}
  odd.test: {speaks: unknown-tls}
clients:
  alice: {profile: skype-strict}
  bob: {profile: browser}
steps:
  - alice: sign in
  - bob: {browse: https://www.example.com/}
  - bob: {connect: odd.test:443, speak: unknown-tls}
matrix:
  policy: [own.cpl, other.cpl]
`

func scenarios() []*scenario.Scenario {
	none := &fstest.MapFile{Data: []byte("<SSL-Intercept>\nssl.forward_proxy(no)\n")}
	f, diags := scenario.Load(fstest.MapFS{"office.yaml": {Data: []byte(office)}, "own.cpl": none, "other.cpl": none}, "office.yaml", "")
	ExpectWithOffset(1, diags.HasErrors()).To(BeFalse(), "%v", diags)
	return f.Variants
}

func side(name, text string) (space.Source, scenario.Policy) {
	f, _ := cpl.Parse(name, []byte(text))
	opt := policy.Options{Release: cpl.MustRelease("6.5.10.1")}
	p, diags := policy.Compile([]*cpl.File{f}, opt)
	ExpectWithOffset(2, p).NotTo(BeNil(), "%v", diags)
	return space.Source{Policy: p, Files: []*cpl.File{f}, Options: opt}, scenario.Policy{Name: name, Source: []byte(text)}
}

// compare gives the flips in short: "newly_denied alice sign in: changed old:2 new:2".
func compare(old, new string) (list []string, rep *contrast.Report) {
	a, oldText := side("old", old)
	b, newText := side("new", new)
	rep, err := contrast.Compare(context.Background(), diff.NewPair(a, b), scenarios(), contrast.Options{
		Old: oldText, New: newText, Workers: 2, Bubble: func(f func()) { worldtest.Bubble(GinkgoTB(), f) },
	})
	Expect(err).NotTo(HaveOccurred())
	for _, f := range rep.Flips {
		text := fmt.Sprintf("%s %s %s:", f.Group, f.Step.Actor, f.Step.Action)
		for _, e := range f.Cause.Edits {
			text += " " + string(e.Kind)
			for _, lines := range [][]diff.Line{e.Old, e.New} {
				if len(lines) > 0 {
					text += " " + lines[0].At()
				}
			}
		}
		Expect(f.Cause.Verified).To(BeTrue())
		list = append(list, text)
	}
	return list, rep
}

var _ = Describe("Scenarios with two policies", func() {
	It("differ in the steps that a line changes", func() {
		flips, rep := compare("<SSL-Intercept>\nssl.forward_proxy(yes)\n<Proxy>\nclient.protocol=!ssl tunneled=yes access_log(no)\n",
			"<SSL-Intercept>\nssl.forward_proxy(https)\n<Proxy>\nclient.protocol=!ssl tunneled=yes access_log(no)\n")
		Expect(flips).To(Equal([]string{
			"newly_denied alice sign in: changed old:2 new:2",
			"newly_denied bob connect odd.test:443, speak unknown-tls: changed old:2 new:2",
		}))
		Expect(rep.Scenarios).To(Equal(1), "variants that differ in the policy only are one")
		Expect(rep.Unchanged).To(Equal(1))
		Expect(rep.Widens()).To(BeFalse())
	})

	It("tell a bypass from a way that is read along", func() {
		flips, rep := compare("<SSL-Intercept>\nssl.forward_proxy(yes)\n", "<SSL-Intercept>\nurl.domain=example.com ssl.forward_proxy(no)\nssl.forward_proxy(yes)\n")
		Expect(flips).To(Equal([]string{"newly_allowed bob browse https://www.example.com/: added new:2"}))
		Expect(rep.Widens()).To(BeTrue())
	})

	It("do not differ where policies do not", func() {
		flips, rep := compare("<SSL-Intercept>\nssl.forward_proxy(yes)\n", "<SSL-Intercept>\nurl.domain=nobody.test ssl.forward_proxy(no)\nssl.forward_proxy(yes)\n")
		Expect(flips).To(BeEmpty())
		Expect(rep.Unchanged).To(Equal(3))
	})
})
