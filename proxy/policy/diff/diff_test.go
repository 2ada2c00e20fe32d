package diff_test

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/diff"
	"rehearse/proxy/policy/space"
)

// compile makes one side of a comparison.
func compile(name, text, release string) space.Source {
	f, diags := cpl.Parse(name, []byte(text))
	ExpectWithOffset(2, diags.HasErrors()).To(BeFalse(), "%v", diags)
	opt := policy.Options{Release: cpl.MustRelease(release)}
	p, diags := policy.Compile([]*cpl.File{f}, opt)
	ExpectWithOffset(2, p).NotTo(BeNil(), "%v", diags)
	return space.Source{Policy: p, Files: []*cpl.File{f}, Options: opt}
}

const release = "6.5.10.1"

// tryCompile is compile for a policy that may be none.
func tryCompile(name, text string) (space.Source, bool) {
	f, _ := cpl.Parse(name, []byte(text))
	opt := policy.Options{Release: cpl.MustRelease(release)}
	p, _ := policy.Compile([]*cpl.File{f}, opt)
	return space.Source{Policy: p, Files: []*cpl.File{f}, Options: opt}, p != nil
}

func diffOf(old, new space.Source) diff.Report { return diff.NewPair(old, new).Flows(20000) }

func pair(old, new string) *diff.Pair {
	return diff.NewPair(compile("old", old, release), compile("new", new, release))
}

// text is an edit in short: "removed old:3", "moved old:3 new:5".
func text(e diff.Edit) string {
	s := string(e.Kind)
	for _, l := range [][]diff.Line{e.Old, e.New} {
		if len(l) > 0 {
			s += " " + l[0].At()
		}
	}
	return s
}

// causes are the causes of all flips, each once.
func causes(r diff.Report) []string {
	var list []string
	for _, f := range r.Flips {
		var edits []string
		for _, e := range f.Cause.Edits {
			edits = append(edits, text(e))
		}
		one := strings.Join(edits, " + ")
		if !f.Cause.Verified {
			one += "?"
		}
		list = append(list, one)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// groups are the groups that have a flip.
func groups(r diff.Report) []diff.Group {
	var list []diff.Group
	for _, f := range r.Flips {
		if !slices.Contains(list, f.Group) {
			list = append(list, f.Group)
		}
	}
	return list
}

const base = `define condition SFB
    url.domain=lync.test
    url.domain=skype.test
end
define category Bad
    evil.test
    worse.test/x
end
define subnet Branch
    10.7.0.0/16
end
<SSL-Intercept "intercept">
    condition=SFB ssl.forward_proxy(no)
    ssl.forward_proxy(https)
<Proxy "access">
    url.domain=legacy.test detect_protocol(none)
    url.domain=a.test ALLOW
    category=Bad DENY
    client.protocol=!ssl tunneled=yes DENY
<Proxy "branch"> client.address=Branch
    url.domain=b.test DENY
    url.domain=www.b.test ALLOW
<Proxy "last">
    url.domain=c.test DENY
    url.host=www.c.test ALLOW
`

var _ = Describe("A flip", func() {
	DescribeTable("is laid to the line that makes it",
		func(from, to, cause string, in ...diff.Group) {
			Expect(strings.Count(base, from)).To(Equal(1), from)
			r := pair(base, strings.Replace(base, from, to, 1)).Flows(20000)
			Expect(r.Extent.Complete).To(BeTrue(), "%v", r.Extent.Lacking)
			Expect(causes(r)).To(Equal([]string{cause}))
			Expect(groups(r)).To(Equal(in))
		},
		Entry("a denial removed", "    url.domain=c.test DENY\n", "", "removed old:24", diff.Allowed, diff.Otherwise),
		Entry("a denial added", "<Proxy \"last\">\n", "<Proxy \"last\">\n    url.domain=d.test DENY\n", "added new:24", diff.Denied, diff.Otherwise),
		Entry("a domain widened", "url.domain=c.test DENY", "url.domain=test DENY", "changed old:24 new:24", diff.Denied, diff.Otherwise),
		Entry("a domain narrowed", "url.domain=c.test DENY", "url.host=c.test DENY", "changed old:24 new:24", diff.Allowed, diff.Otherwise),
		Entry("two rules swapped", "    url.domain=b.test DENY\n    url.domain=www.b.test ALLOW\n", "    url.domain=www.b.test ALLOW\n    url.domain=b.test DENY\n", "moved old:21 new:22", diff.Allowed, diff.Otherwise),
		Entry("the mode", "ssl.forward_proxy(https)", "ssl.forward_proxy(yes)", "changed old:14 new:14", diff.Allowed, diff.Otherwise),
		Entry("the mode, no more", "ssl.forward_proxy(https)", "ssl.forward_proxy(no)", "changed old:14 new:14", diff.Allowed, diff.Otherwise),
		Entry("a bypass removed", "    condition=SFB ssl.forward_proxy(no)\n", "", "removed old:13", diff.Denied, diff.Otherwise),
		Entry("a line of a definition removed", "    url.domain=skype.test\n", "", "removed old:3", diff.Denied, diff.Otherwise),
		Entry("a line of a definition added", "    url.domain=skype.test\n", "    url.domain=skype.test\n    url.host.substring=teams\n", "added new:4", diff.Allowed, diff.Otherwise),
		Entry("an entry of a category", "    evil.test\n", "    evil.test\n    d.test\n", "added new:7", diff.Denied, diff.Otherwise),
		Entry("an entry of a category with a path", "    worse.test/x\n", "", "removed old:7", diff.Allowed),
		Entry("a subnet", "10.7.0.0/16", "10.7.0.0/15", "changed old:10 new:10", diff.Denied, diff.Otherwise),
		Entry("a guard", "<Proxy \"branch\"> client.address=Branch", "<Proxy \"branch\">", "changed old:20 new:20", diff.Denied, diff.Otherwise),
		Entry("a section put above rules", "    url.domain=a.test ALLOW\n", "    url.domain=a.test ALLOW\n[Rule] client.address=Branch\n", "added new:18", diff.Allowed, diff.Otherwise),
		Entry("a layer put above rules", "    url.domain=a.test ALLOW\n", "    url.domain=a.test ALLOW\n<Proxy> client.address=Branch\n", "added new:18", diff.Denied, diff.Allowed, diff.Otherwise),
		Entry("a rule that only ended its layer", "    url.domain=legacy.test detect_protocol(none)\n", "", "removed old:16", diff.Denied, diff.Allowed, diff.Otherwise),
	)

	It("is laid to a layer that moved", func() {
		old := "<Proxy \"first\">\nurl.domain=a.test DENY\nurl.domain=b.test DENY\n<Proxy \"second\">\nurl.domain=a.test ALLOW\n"
		new := "<Proxy \"second\">\nurl.domain=a.test ALLOW\n<Proxy \"first\">\nurl.domain=a.test DENY\nurl.domain=b.test DENY\n"
		r := pair(old, new).Flows(20000)
		Expect(causes(r)).To(Equal([]string{"moved old:4 new:1"}))
		for _, f := range r.Flips {
			Expect(f.From.Line.At()).To(Or(Equal("old:5"), Equal("")), "what allows")
			Expect(f.To.Line.At()).To(Equal("new:4"))
		}
	})

	It("is laid to a layer that moved, where headers are alike", func() {
		r := pair("<Proxy>\nurl.domain=a.test DENY\n<Proxy>\nurl.domain=a.test ALLOW\n", "<Proxy>\nurl.domain=a.test ALLOW\n<Proxy>\nurl.domain=a.test DENY\n").Flows(20000)
		Expect(causes(r)).To(Equal([]string{"moved old:1 new:3"}))
	})

	It("is laid to the default policy", func() {
		old, new := compile("p", "<Proxy>\nurl.domain=a.test ALLOW\n", release), compile("p", "<Proxy>\nurl.domain=a.test ALLOW\n", release)
		f, _ := cpl.Parse("p", []byte("<Proxy>\nurl.domain=a.test ALLOW\n"))
		new.Options.DefaultDeny = true
		new.Policy, _ = policy.Compile([]*cpl.File{f}, new.Options)
		r := diff.NewPair(old, new).Flows(20000)
		Expect(causes(r)).To(Equal([]string{"default"}))
		Expect(groups(r)).To(ContainElement(diff.Denied))
	})

	It("is found where ranges of a value that nothing models differ", func() {
		const later = "7.3.11.1"
		old, new := compile("old", "<Proxy>\nurl.threat_risk.level=7..10 DENY\n", later), compile("new", "<Proxy>\nurl.threat_risk.level=8..10 DENY\n", later)
		r := diff.NewPair(old, new).Flows(20000)
		Expect(r.Extent.Complete).To(BeTrue(), "%v", r.Extent.Lacking)
		Expect(causes(r)).To(Equal([]string{"changed old:2 new:2"}))
	})

	It("names the rule that decided on both sides", func() {
		r := pair("<Proxy>\nurl.domain=a.test DENY\nALLOW\n", "<Proxy>\nALLOW\nurl.domain=a.test DENY\n").Flows(20000)
		Expect(r.Flips).NotTo(BeEmpty())
		for _, f := range r.Flips {
			Expect(f.From.Line.At()).To(Equal("old:2"))
			Expect(f.To.Line.At()).To(Equal("new:2"))
		}
	})

	It("names a rule without a verdict that kept another from matching", func() {
		r := pair("<Proxy>\nurl.domain=a.test access_log(no)\nDENY\n", "<Proxy>\nDENY\n").Flows(20000)
		Expect(causes(r)).To(Equal([]string{"removed old:2"}))
		for _, f := range r.Flips {
			Expect(f.From.Line.At()).To(Equal("old:2"))
			Expect(f.To.Line.At()).To(Equal("new:2"))
		}
	})

	It("is laid to two lines where it takes both", func() {
		old := "<Proxy>\nurl.domain=a.test DENY\n<Proxy>\nurl.domain=a.test DENY\n"
		new := "<Proxy>\nurl.domain=b.test DENY\n<Proxy>\nurl.domain=b.test DENY\n"
		var both []string
		for _, f := range pair(old, new).Flows(20000).Flips {
			if f.Group == diff.Allowed {
				for _, e := range f.Cause.Edits {
					both = append(both, text(e))
				}
				break
			}
		}
		Expect(both).To(Equal([]string{"changed old:2 new:2", "changed old:4 new:4"}))
	})

	It("is laid to a rule and the definition that it came with", func() {
		new := "define condition C\nurl.domain=a.test\nurl.domain=b.test\nend\n<Proxy>\ncondition=C DENY\nurl.domain=c.test ALLOW\n"
		r := pair("<Proxy>\nurl.domain=c.test ALLOW\n", new).Flows(20000)
		for _, f := range r.Flips {
			Expect(f.To.Line.At()).To(Equal("new:6"))
		}
		Expect(causes(r)).To(ConsistOf("added new:2 + added new:6", "added new:3 + added new:6"))
	})

	It("is laid to the release", func() {
		text := "<SSL-Intercept>\nurl.domain=a.test ssl.forward_proxy(no)\nssl.forward_proxy(https)\n"
		r := diff.NewPair(compile("p", text, "6.5.5.1"), compile("p", text, "6.5.6.1")).Flows(20000)
		Expect(causes(r)).To(Equal([]string{"release"}))
		Expect(groups(r)).To(ContainElement(diff.Allowed))
	})

	It("is laid to what the preprocessor kept", func() {
		text := "#if release.version=6.5.10.1..\n<Proxy>\nurl.domain=a.test DENY\n#endif\n<Proxy>\nurl.domain=b.test DENY\n"
		r := diff.NewPair(compile("p", text, "6.5.9.1"), compile("p", text, "6.5.10.1")).Flows(20000)
		Expect(causes(r)).To(ContainElement("added p:3"))
	})

	It("is none where only the form changed", func() {
		old := "define condition C\n\turl.domain=a.test ; remark\nend\n<Proxy>\n    condition=C \\\n\tDENY\n"
		new := "<proxy>\ndeny condition=C\n\ndefine condition C\nurl.domain=a.test\nend condition C\n"
		r := pair(old, new).Flows(20000)
		Expect(r.Flips).To(BeEmpty())
		Expect(r.Extent.Complete).To(BeTrue())
		Expect(r.Unchanged).To(Equal(r.Extent.Flows))
	})

	It("cannot be told where an expression cannot be run", func() {
		r := pair("<Proxy>\nurl.domain=a.test DENY\n", "<Proxy>\nurl.host.regex=\"b(?!c)\" DENY\nurl.domain=a.test DENY\n").Flows(500)
		Expect(groups(r)).To(Equal([]diff.Group{diff.CannotDecide}))
		Expect(r.Flips[0].Why).To(ContainSubstring(`url.host.regex="b(?!c)"`))
		Expect(r.Extent.Complete).To(BeFalse())
	})

	It("tells of certificates where policy says anything about them", func() {
		r := pair("<SSL-Intercept>\nssl.forward_proxy(https)\n<SSL>\nurl.domain=a.test server.certificate.validate(yes)\n",
			"<SSL-Intercept>\nssl.forward_proxy(https)\n<SSL>\nserver.certificate.validate(no)\n").Flows(20000)
		Expect(causes(r)).To(Equal([]string{"changed old:4 new:4"}))
		Expect(r.Widens()).To(BeTrue())
		Expect(r.Flips[0].Example.Flow.Origin.Fault).NotTo(BeEmpty())
	})
})

var _ = Describe("A comparison", func() {
	It("gives the same in every run", func() {
		show := func() string {
			r := pair(base, strings.Replace(base, "url.domain=c.test", "url.domain=test", 1)).Flows(300)
			var b strings.Builder
			for _, f := range r.Flips {
				fmt.Fprintln(&b, f.Group, f.From, f.To, f.Count, f.Stands, f.Example.Flow.Describe(), causes(r))
			}
			return b.String() + fmt.Sprint(r.Unchanged, r.Extent)
		}
		Expect(show()).To(Equal(show()))
	})
})
