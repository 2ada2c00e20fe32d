package suite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"rehearse/reports"
	"rehearse/reports/journal"
	"rehearse/simulator/suite"
	"rehearse/simulator/world/worldtest"
)

func TestSuite(t *testing.T) { worldtest.Suite(t, "suite") }

const office = `name: an office
labels: [sign-in]
appliance:
  release: 6.5.9.1
  services: [{name: Explicit HTTP, port: 8080, detect_protocol: true}]
  policy: {name: p.cpl, text: "<SSL-Intercept>\n ssl.forward_proxy(https)\n"}
clients: {alice: {profile: skype-strict}, bob: {profile: browser}}
steps:
  - alice: sign in
    expect: {result: aborted}
  - bob: {browse: https://www.example.com/}
    expect: {result: RESULT}
`

// folder is a folder with that scenario, in which bob is expected to end in a result.
func folder(result string) fstest.MapFS {
	return fstest.MapFS{"s.yaml": {Data: []byte(office[:len(office)-len("RESULT}\n")] + result + "}\n")}}
}

// The scenarios of a folder are specs of this suite, by their labels.
var _ = Describe("a folder", func() {
	suite.Specs(folder("ok"), suite.Options{})
})

var _ = Describe("a scenario that was played", func() {
	played := func(result string) *reports.Scenario {
		GinkgoHelper()
		all := suite.Play(GinkgoTB(), folder(result), "s.yaml")
		Expect(all).To(HaveLen(1))
		return all[0]
	}
	It("has passed, or says what the console would", func() {
		Expect(played("ok")).To(suite.HavePassed())
		one := played("refused")
		Expect(one).NotTo(suite.HavePassed())
		Expect(suite.HavePassed().FailureMessage(one)).To(And(
			ContainSubstring("an office (s.yaml) did not come out as expected"), ContainSubstring(`result: got "ok", want "refused"`)))
	})
	It("has steps that ended somehow", func() {
		one := played("ok")
		alice := suite.Step(one, "alice", "sign in")
		Expect(alice).To(And(suite.EndAt(journal.StageRevocation), suite.EndAs(journal.Aborted), suite.EndWith("CRYPT_E_NO_REVOCATION_CHECK")))
		Expect(alice).NotTo(suite.Succeed())
		Expect(alice.Outcome).NotTo(suite.Succeed())
		Expect(suite.Step(one, "bob", "browse https://www.example.com/")).To(suite.Succeed())
		Expect(suite.EndWith("CRYPT_E_REVOKED").FailureMessage(alice)).To(HavePrefix("line 9: alice sign in ended in revocation aborted CRYPT_E_NO_REVOCATION_CHECK (\"Cannot sign in"))
		Expect(suite.EndWith("CRYPT_E_REVOKED").FailureMessage(alice)).To(HaveSuffix("want code CRYPT_E_REVOKED"))
	})
	It("has seen events", func() {
		one := played("ok")
		Expect(one).To(suite.HaveSeen("CertificateEmulated", "sipdir"))
		Expect(one).To(suite.HaveSeen("", "emulated certificate for sipdir"))
		Expect(one).NotTo(suite.HaveSeen("CertificateEmulated", "sip.other.test"))
		Expect(suite.HaveSeen("AlertSent", "no such alert").FailureMessage(one)).To(ContainSubstring("no AlertSent with \"no such alert\"; there are\n  sent alert"))
		Expect(suite.HaveSeen("SIPSent", "BYE").FailureMessage(one)).To(HaveSuffix("there are\n  none"))
	})
	DescribeTable("is told from anything else",
		func(m types.GomegaMatcher, actual any) {
			_, err := m.Match(actual)
			Expect(err).To(HaveOccurred())
		},
		Entry(nil, suite.HavePassed(), 7),
		Entry(nil, suite.HavePassed(), (*reports.Scenario)(nil)),
		Entry(nil, suite.HaveSeen("", ""), "text"),
		Entry(nil, suite.Succeed(), nil),
		Entry("a step that is not there", suite.Succeed(), suite.Step(&reports.Scenario{}, "alice", "sign in")),
	)
})

// The example is a module of its own, as a user of this package would have it.
var _ = Describe("the example module", func() {
	run := func(args ...string) string {
		GinkgoHelper()
		c := exec.Command("go", append(append([]string{"test"}, raced()...), append([]string{"-count=1", "-v", ".", "-ginkgo.v", "-ginkgo.no-color"}, args...)...)...)
		c.Dir = filepath.Join("testdata", "example")
		c.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return v == "GOWORK=off" }), "GOFLAGS=")
		out, err := c.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "%s", out)
		return string(out)
	}
	It("passes, by labels too, and in Ginkgo's own reports", func() {
		Expect(run()).To(ContainSubstring("4 Passed | 0 Failed"))
		junit := filepath.Join(GinkgoT().TempDir(), "junit.xml")
		Expect(run("-ginkgo.label-filter=meeting && deployment:transparent", "-ginkgo.junit-report="+junit)).To(MatchRegexp(`Ran \d of 4 Specs`))
		text, err := os.ReadFile(junit)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).To(ContainSubstring("[sign-in, meeting, release:6.5.10.1, deployment:transparent]"))
	})
})

// raced has the example built as this test is, so that what is built already serves.
func raced() []string {
	info, _ := debug.ReadBuildInfo()
	if info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return []string{"-race"}
	}
	return nil
}
