package mutation_test

import (
	"context"
	"fmt"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/mutation"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

const office = `
name: an office
appliance:
  release: 6.5.10.1
  services:
    - {name: Explicit HTTP, kind: explicit-http, port: 8080, detect_protocol: true}
  policy: own.cpl
servers:
  www.example.com: {speaks: https}
  bank.example: {speaks: https}
clients:
  bob: {profile: browser}
steps:
  - bob: {browse: https://www.example.com/}
    expect: {result: ok, events: [{kind: CertificateEmulated}]}
  - bob: {browse: https://bank.example/}
    expect: {result: ok}
`

const own = `<SSL-Intercept>
    url.domain=bank.example ssl.forward_proxy(no)
    ssl.forward_proxy(https)
<Proxy>
    access_log(no)
`

func try(opt mutation.Options) (survivors []string, r *mutation.Report) {
	f, diags := scenario.Load(fstest.MapFS{"office.yaml": {Data: []byte(office)}, "own.cpl": {Data: []byte(own)}}, "office.yaml", "")
	Expect(diags.HasErrors()).To(BeFalse(), "%v", diags)
	opt.Bubble = func(f func()) { worldtest.Bubble(GinkgoTB(), f) }
	r, err := mutation.Run(context.Background(), f.Variants, opt)
	Expect(err).NotTo(HaveOccurred())
	for _, s := range r.Survivors {
		survivors = append(survivors, fmt.Sprintf("%s %d %t", s.Kind, s.At.Start.Line, s.Alike))
	}
	return survivors, r
}

var _ = Describe("Mutants of the policies of scenarios", func() {
	It("survive where no expectation tells them", func() {
		survivors, r := try(mutation.Options{Workers: 2, Flows: 5000})
		Expect(survivors).To(Equal([]string{
			"delete 2 false", // nothing is said of the bank's certificate
			"swap 2 false",
			"delete 5 true", // no client could tell
		}))
		Expect(r).To(And(HaveField("Mutants", 6), HaveField("Noticed", 3), HaveField("Broken", 0), HaveField("Scenarios", 1)))
	})

	It("are tried up to a number", func() {
		_, r := try(mutation.Options{Most: 2})
		Expect(r.LeftOut).To(Equal(4))
		Expect(r.Noticed + len(r.Survivors)).To(Equal(2))
	})
})
