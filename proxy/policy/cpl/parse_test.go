package cpl_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
	"rehearse/reports/diag"
)

// under is the text that a span covers.
func under(f *cpl.File, at diag.Span) string { return string(f.Source[at.Start.Offset:at.End.Offset]) }

var _ = Describe("Parse", func() {
	It("takes names apart and keeps the case of free parts", func() {
		c := firstTerm("Request.Header.User-Agent.Regex.Case_Sensitive=x").(*cpl.Condition)
		Expect(c.Name).To(Equal("request.header.User-Agent.regex.case_sensitive"))
		Expect(c.Base).To(Equal("request.header"))
		Expect(c.Arg).To(Equal("User-Agent"))
		Expect(c.Modifiers).To(Equal([]string{"regex", "case_sensitive"}))

		c = firstTerm("url.host.is_numeric=yes").(*cpl.Condition)
		Expect(c.Base).To(Equal("url.host.is_numeric"))
		Expect(c.Modifiers).To(BeEmpty())

		p := firstTerm("Action.Tag-It(yes)").(*cpl.Property)
		Expect(p.Name).To(Equal("action"))
		Expect(p.Arg).To(Equal("Tag-It"))

		p = firstTerm("ssl.forward_proxy.issuer_keyring(x)").(*cpl.Property)
		Expect(p.Name).To(Equal("ssl.forward_proxy.issuer_keyring"))
		Expect(p.Arg).To(BeEmpty())
	})

	It("gives every piece its place", func() {
		f, diags := cpl.Parse("local", []byte("<Proxy \"a\"> url.port=80 \\\n  tunneled=yes\n\n\turl.domain=!(\"a.test\", b.test) \\\r\n  exception(policy_denied, 'why') ; text\nend;x"))
		Expect(diags).To(HaveLen(1))
		Expect(diags[0].Span.String()).To(Equal("local:6:1"))
		l := layers(f)[0]
		Expect(l.At.String()).To(Equal("local:1:1"))
		Expect(under(f, l.Guard[1].Span())).To(Equal("tunneled=yes"))
		Expect(l.Guard[1].Span().String()).To(Equal("local:2:3"))
		r := l.Sections[0].Rules[0]
		Expect(r.At.String()).To(Equal("local:4:2"))
		Expect(under(f, r.At)).To(HaveSuffix("'why')"))
		domain := r.Terms[0].(*cpl.Condition)
		Expect(under(f, domain.At)).To(Equal(`url.domain=!("a.test", b.test)`))
		list := domain.Expr.(*cpl.Not).X.(*cpl.List)
		Expect(under(f, list.Items[0].Span())).To(Equal(`"a.test"`))
		Expect(list.Items[1].(*cpl.Pattern).At.String()).To(Equal("local:4:25"))
		verdict := r.Terms[1].(*cpl.Verdict)
		Expect(verdict.At.String()).To(Equal("local:5:3"))
		Expect(under(f, verdict.Args[1].At)).To(Equal("'why'"))
		Expect(f.Comments).To(HaveLen(2))
		Expect(f.Comments[0].Text).To(Equal("; text"))
		Expect(f.Comments[0].At.String()).To(Equal("local:5:35"))
	})

	It("reads category entries as they stand", func() {
		f, diags := cpl.Parse("local", []byte("define category \"A B\"\n*.a.test/x?a=:80\n\tb.test/(c)&d;text\n\"e f\"\n#g\nend"))
		Expect(diags).To(BeEmpty())
		var entries []string
		for _, l := range f.Items[0].(*cpl.Definition).Lines {
			entries = append(entries, l.Pattern.Text)
		}
		Expect(entries).To(Equal([]string{"*.a.test/x?a=:80", "b.test/(c)&d", "e f", "#g"}))
	})

	It("keeps the text of a string and the calls of an action", func() {
		f, diags := cpl.Parse("local", []byte("define string a\n><p>; text \n  >\nend\ndefine action b\nredirect( 307, \"a, (b)\", $(url) )\ntransform c\nend action b"))
		Expect(diags).To(BeEmpty())
		text := f.Items[0].(*cpl.Definition).Lines
		Expect(text[0].Text).To(Equal("<p>; text "))
		Expect(text[1].Text).To(BeEmpty())
		calls := f.Items[1].(*cpl.Definition).Lines
		Expect(calls[0].Call.Args).To(HaveLen(3))
		Expect(calls[0].Call.Args[1].Text).To(Equal("a, (b)"))
		Expect(calls[0].Call.Args[2].Text).To(Equal("$(url)"))
		Expect(calls[1].Call.Name).To(Equal("transform"))
		Expect(calls[1].Call.Args[0].Text).To(Equal("c"))
	})

	It("merges nothing: restrict blocks keep both lists", func() {
		f, _ := cpl.Parse("local", []byte("restrict rdns\nall\nexcept\n10.0.0.0/8 10.1.0.0/16\nend"))
		r := f.Items[0].(*cpl.Restrict)
		Expect(r.List).To(HaveLen(1))
		Expect(r.Except).To(HaveLen(2))
		Expect(r.Type).To(Equal("rdns"))
	})

	It("says which lines could not be read", func() {
		f, _ := cpl.Parse("local", []byte("<Proxy>\nurl.port=80 (\nDENY"))
		Expect(f.Broken).To(BeTrue())
		Expect(layers(f)[0].Sections[0].Rules[0].Broken).To(BeTrue())
		Expect(layers(f)[0].Sections[0].Rules[0].Terms).To(HaveLen(1))
		Expect(layers(f)[0].Sections[0].Rules[1].Broken).To(BeFalse())
	})

	It("refuses parentheses without bottom", func() {
		_, diags := cpl.Parse("local", []byte("<Proxy>\nurl.port="+strings.Repeat("(!", 100000)))
		Expect(diags).To(ConsistOf(HaveField("Message", ContainSubstring("nest deeper than 100"))))
	})
})

var _ = It("refuses UTF-16 in one sentence", func() {
	for _, text := range []string{"\xff\xfe<\x00P\x00", "\xfe\xff\x00<\x00P"} {
		f, diags := cpl.Parse("local", []byte(text))
		Expect(diags).To(ConsistOf(HaveField("Message", "the file is UTF-16, want UTF-8")))
		Expect(f.Items).To(BeEmpty())
	}
})
