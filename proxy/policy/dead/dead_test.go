package dead_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/dead"
	"rehearse/proxy/policy/policytest"
	"rehearse/proxy/policy/space"
)

// study finds the dead rules of a policy that has to compile.
func study(release string, opt dead.Options, lines ...string) dead.Report {
	f, diags := cpl.Parse("p.cpl", []byte(strings.Join(lines, "\n")+"\n"))
	ExpectWithOffset(1, diags.HasErrors()).To(BeFalse(), "%v", diags)
	o := policy.Options{Release: cpl.MustRelease(release)}
	p, diags := policy.Compile([]*cpl.File{f}, o)
	ExpectWithOffset(1, p).NotTo(BeNil(), "%v", diags)
	if opt.Flows == 0 {
		opt.Flows = 5000
	}
	return dead.Find(space.Source{Policy: p, Files: []*cpl.File{f}, Options: o}, opt)
}

// told are findings in short: "hidden 3 by 2".
func told(list []dead.Finding) []string {
	var out []string
	for _, f := range list {
		text := fmt.Sprintf("%s %d", f.Kind, f.Rule.Span.Start.Line)
		for i, by := range f.By {
			if i == 0 {
				text += " by"
			}
			text += fmt.Sprint(" ", by.Span.Start.Line)
		}
		if len(f.Because) > 0 {
			text += ": " + strings.Join(f.Because, " ")
		}
		out = append(out, text)
	}
	return out
}

var _ = Describe("Dead rules", func() {
	It("are told with what hides them", func() {
		r := study("6.5.10.1", dead.Options{}, "<Proxy>", "url.domain=a.test DENY", "url.host=www.a.test ALLOW", "url.port=22 url.port=23 DENY", "release.version=..6.4 DENY")
		Expect(told(r.Dead)).To(Equal([]string{"hidden 3 by 2", "contradiction 4: url.port=22 url.port=23", "release 5: release.version=..6.4"}))
		Expect(r.Extent.Complete).To(BeTrue())
		Expect(r.Unreached).To(BeEmpty())
		Expect(r.Diagnostics()[0].Message).To(Equal("no transaction reaches this rule: it is hidden by p.cpl:2"))
		Expect(r.Diagnostics()[0].Notes[0].Span.Start.Line).To(Equal(2))
	})

	It("may be so by the header of their layer", func() {
		r := study("6.5.10.1", dead.Options{}, "<Proxy> url.port=22 url.port=23", "DENY", "<Proxy> service.name=A", "service.name=B DENY")
		Expect(told(r.Dead)).To(Equal([]string{"contradiction 2: url.port=22 url.port=23", "contradiction 4: service.name=A service.name=B"}))
		Expect(r.Dead[0].Guard).To(BeTrue())
		Expect(r.Dead[1].Guard).To(BeFalse())
	})

	It("may ask for a service that is not there", func() {
		lines := []string{"<Proxy>", `service.name="Explicit HTTP" url.domain=a.test DENY`, "service.name=Old url.domain=a.test DENY"}
		Expect(told(study("6.5.10.1", dead.Options{}, lines...).Dead)).To(BeEmpty())
		Expect(told(study("6.5.10.1", dead.Options{Services: []string{"explicit http", "HTTPS"}}, lines...).Dead)).To(Equal([]string{"service 3"}))
	})

	It("are not those that the preprocessor leaves out, which are told apart", func() {
		r := study("6.5.10.1", dead.Options{}, "#if release.version=..6.4", "<Proxy>", "url.domain=a.test DENY", "url.domain=b.test DENY", "#endif", "<Proxy>", "DENY")
		Expect(r.Dead).To(BeEmpty())
		Expect(r.LeftOut).To(HaveLen(1))
		Expect(r.LeftOut[0]).To(And(HaveField("Rules", 2), HaveField("Directive.Text", "#if release.version=..6.4")))
	})

	It("are claimed of flows only where all were tried", func() {
		lines := []string{"<Proxy>", "client.protocol=ssl tunneled=no DENY", "url.domain=a.test DENY"}
		r := study("6.5.10.1", dead.Options{}, lines...)
		Expect(r.Dead).To(BeEmpty())
		Expect(told(r.Unreached)).To(Equal([]string{"unreached 2"}))
		Expect(r.Diagnostics()).To(HaveLen(1))
		r = study("6.5.10.1", dead.Options{Flows: 3}, lines...)
		Expect(r.Extent.Complete).To(BeFalse())
		Expect(r.Diagnostics()).To(BeEmpty())
	})

	It("are not rules whose settings never last, which are told apart", func() {
		r := study("6.5.10.1", dead.Options{}, "<Proxy>", "url.domain=a.test DENY", "url.domain=b.test DENY", "<Proxy>", "url.domain=a.test ALLOW")
		Expect(r.Dead).To(BeEmpty())
		Expect(told(r.Overridden)).To(Equal([]string{"never-effective 2 by 5"}))
	})

	It("are none where a forced denial stays", func() {
		r := study("6.5.10.1", dead.Options{}, "<Proxy>", "url.domain=a.test FORCE_DENY", "<Proxy>", "url.domain=a.test ALLOW", "url.domain=b.test ALLOW")
		Expect(told(r.Overridden)).To(Equal([]string{"never-effective 4 by 2"}))
	})

	It("are told when a policy is checked, but for what that tells anyway", func() {
		shadowed := func(text string) []string {
			f, _ := cpl.Parse("p", []byte(text))
			p, diags := policy.Compile([]*cpl.File{f}, policy.Options{Release: cpl.Newest()})
			Expect(p).NotTo(BeNil(), "%v", diags)
			return told(dead.Shadowed(space.Source{Policy: p, Files: []*cpl.File{f}, Options: policy.Options{Release: cpl.Newest()}}))
		}
		Expect(shadowed("<Proxy>\nurl.domain=a.test DENY\nurl.host=www.a.test ALLOW\nDENY\nurl.port=80 ALLOW\n")).To(HaveLen(1))
		Expect(shadowed("<Proxy>\nappliance.name=x DENY\nrelease.version=..5.0 DENY\n")).To(BeEmpty())
		Expect(shadowed("<Proxy>\n" + strings.Repeat("url.port=80 DENY\n", 3001))).To(BeEmpty())
	})

	It("have an explanation, each kind", func() {
		for _, k := range []dead.Kind{dead.Hidden, dead.Contradiction, dead.Never, dead.Release, dead.Service, dead.Unreached, dead.Overridden} {
			Expect(dead.Explanations()).To(ContainElement(HaveField("ID", k.ID())))
		}
	})

	It("never match in ten thousand random transactions", func() {
		found := 0
		for seed := uint64(1000); seed < 1015; seed++ {
			r := policytest.New(seed)
			text := r.Policy()
			f, _ := cpl.Parse("p", []byte(text))
			p, _ := policy.Compile([]*cpl.File{f}, policy.Options{})
			if p == nil {
				continue
			}
			rep := dead.Find(space.Source{Policy: p, Files: []*cpl.File{f}}, dead.Options{Flows: 1})
			lines := map[string]dead.Finding{}
			for _, d := range rep.Dead {
				lines[fmt.Sprintf("p:%d", d.Rule.Span.Start.Line)] = d
			}
			found += len(lines)
			for range 10000 {
				tx, at := r.Transaction()
				for _, step := range p.Explain(tx, at).Steps {
					if d, ok := lines[step.At]; ok && step.Mark == policy.Match && step.Number >= 0 {
						Fail(fmt.Sprintf("%s is %s and matches at %s\n%+v\n%s", step.At, d.Kind, at, *tx, text))
					}
				}
			}
		}
		Expect(found).To(BeNumerically(">", 20))
	})
})
