package cpl_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
)

// resolved is the policy's text as the preprocessor leaves it for release 6.5.9.1.
func resolved(text string) string {
	GinkgoHelper()
	f, diags := cpl.Parse("local", []byte(text))
	Expect(diags).To(BeEmpty())
	kept := f.Resolve(cpl.Environment{Release: cpl.MustRelease("6.5.9.1")})
	for _, it := range kept.Items {
		if l, ok := it.(*cpl.Layer); ok {
			l.When = nil
			for _, s := range l.Sections {
				s.When = nil
			}
		}
	}
	return cpl.Print(kept)
}

var _ = Describe("Preprocessing", func() {
	It("keeps one side of #if and #else, nested", func() {
		Expect(resolved("<Proxy>\n#if release.version=6.5.10..\nALLOW\n#else\n#if enforcement=wss\nurl.port=1 ALLOW\n#else\nDENY\n#endif\n#endif")).
			To(ContainSubstring("<Proxy>\n#if release.version=6.5.10..\n#else\n#if enforcement=wss\n#else\n    DENY\n"))
	})

	It("gives rules whose header is dropped to the layer above, as in the text", func() {
		Expect(resolved("<SSL-Intercept>\nurl.port=1 ssl.forward_proxy(no)\n#if release.version=7..\n<Proxy>\n#endif\nssl.forward_proxy(https)")).
			To(Equal("<SSL-Intercept>\n    url.port=1 ssl.forward_proxy(no)\n    ssl.forward_proxy(https)\n"))
	})

	It("gives rules whose section header is dropped to the section above", func() {
		Expect(resolved("<Proxy>\n[Rule] url.port=1\nDENY\n#if release.version=7..\n[Rule] url.port=2\n#endif\nALLOW")).
			To(Equal("<Proxy>\n    [Rule] url.port=1\n    DENY\n    ALLOW\n"))
	})

	It("drops rules that no layer is left for", func() {
		Expect(resolved("#if release.version=7..\n<Proxy>\n#endif\nDENY")).To(BeEmpty())
	})

	It("leaves lines out of definitions and leaves the parsed tree alone", func() {
		text := "define condition A\nurl.port=1\n#if release.version=7..\nurl.port=2\n#endif\nurl.port=3\nend"
		f, _ := cpl.Parse("local", []byte(text))
		kept := f.Resolve(cpl.Environment{Release: cpl.MustRelease("6.5")})
		Expect(kept.Items[0].(*cpl.Definition).Lines).To(HaveLen(2))
		Expect(f.Items[0].(*cpl.Definition).Lines).To(HaveLen(3))
	})

	It("compares builds with nothing: such blocks are kept", func() {
		Expect(resolved("#if release.id=123456..\n<Proxy>\nDENY\n#endif")).To(ContainSubstring("DENY"))
	})
})
