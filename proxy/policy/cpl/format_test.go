package cpl_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/cpl"
)

// formatted is a text in the house layout.
func formatted(text string) string {
	GinkgoHelper()
	f, diags := cpl.Parse("local", []byte(text))
	Expect(diags.HasErrors()).To(BeFalse(), "%v", diags)
	out, err := cpl.Format(f)
	Expect(err).NotTo(HaveOccurred())
	return out
}

var _ = Describe("Formatting", func() {
	It("lays out a policy", func() {
		Expect(formatted("\uFEFF\r\n; head\r\n;; Tab: [Web Access]\r\n<PROXY web>\t; the layer\r\n\r\n" +
			"\turl.domain=(a.test,b.test)  allow ; yes\r\n\r\n\r\n" +
			"client.address=10.0.0.1 url.port=80..90 exception( content_filter_denied )\t; Rule 2\t; note\r\n" +
			"url.host=x deny ; no\r\n; about the next\r\n  DENY url.port=1\r\n" +
			"[url.domain]\r\na.test ok\r\nlong.b.test client.address=10.0.0.2 DENY\r\n" +
			"define condition X\r\n\r\n a=b\r\n ;none\r\n\r\nend condition   X\r\n")).To(Equal(`; head
;; Tab: [Web Access]
<Proxy "web"> ; the layer
    url.domain=(a.test, b.test) ALLOW ; yes

    client.address=10.0.0.1 url.port=80..90 exception(content_filter_denied) ; Rule 2	; note
    url.host=x                              DENY                             ; no
    ; about the next
    DENY url.port=1
    [url.domain]
        a.test                              ALLOW
        long.b.test client.address=10.0.0.2 DENY

define condition X
    a=b
    ;none
end condition X
`))
	})

	It("keeps lines that a \"\\\" joins apart, and lists over several lines", func() {
		Expect(formatted("<Proxy>\nurl.domain=a.test \\\n  client.address=(10.0.0.1, \\\n10.0.0.2,10.0.0.3) \\\nDENY ; why\n url.domain=b.test  \\\n DENY\n")).To(Equal(`<Proxy>
    url.domain=a.test \
        client.address=(10.0.0.1, \
            10.0.0.2, 10.0.0.3) \
        DENY ; why
    url.domain=b.test \
        DENY
`))
	})

	It("keeps preprocessor lines, also around nothing", func() {
		Expect(formatted("<Proxy>\nDENY\n    #IF release.version = 6.5.10.1..\n<SSL-Intercept>\nssl.forward_proxy(yes)\n#else ; older\n#endif\n#if enforcement=wss\n#endif\n")).To(Equal(`<Proxy>
    DENY

#if release.version=6.5.10.1..
<SSL-Intercept>
    ssl.forward_proxy(yes)
#else ; older
#endif
#if enforcement=wss
#endif
`))
	})

	It("keeps texts, scripts and addresses", func() {
		Expect(formatted("define string  \"s\"\n > a  ; b \nend string s\ndefine javascript j\n\tif (a) {  // x\n\t}\n\nend\ndefine subnet n\n10.0.0.1   10.0.0.2 ; two\nend\nrestrict  dns\n\tall\nExcept\n a.test \"b c\" ; x\nend\n" +
			"define action t\nset( request.header.X,\"y\" )\ntransform  j\nend action  t\n")).To(Equal(`define string s
> a  ; b 
end string s

define javascript j
	if (a) {  // x
	}
end

define subnet n
    10.0.0.1 10.0.0.2 ; two
end

restrict dns
    all
except
    a.test "b c" ; x
end

define action t
    set(request.header.X, "y")
    transform j
end action t
`))
	})

	It("keeps a \"\\\" that joins nothing from joining", func() {
		Expect(formatted("<Proxy>\n[url]\n\\ \nDENY.test DENY ; tail \\ \n; c \\ \nx.test DENY\n")).To(Equal("<Proxy>\n    [url]\n        \\ \n        DENY.test DENY ; tail \\ \n        ; c \\ \n        x.test DENY\n"))
	})

	It("keeps a comment that swallows a line", func() {
		Expect(formatted("<Proxy>\n  url.port=1 ; no \\\n  url.port=2 DENY\n  DENY\n")).To(Equal("<Proxy>\n    url.port=1 ; no \\\n  url.port=2 DENY\n    DENY\n"))
	})

	It("has remarks on the last rule with the rule", func() {
		Expect(formatted("<Proxy>\n  DENY\n  ; so far\n\n; next\n<Proxy>\n  ALLOW\n")).To(Equal("<Proxy>\n    DENY\n    ; so far\n\n; next\n<Proxy>\n    ALLOW\n"))
	})

	It("refuses what it cannot read", func() {
		f, _ := cpl.Parse("local", []byte("<Proxy>\nurl.host=\"x DENY\n"))
		_, err := cpl.Format(f)
		Expect(err).To(MatchError(cpl.ErrBroken))
	})

	It("leaves the shared policies the same trees with the same comments, and settles at once", func() {
		for _, row := range table(shared("policies", "OWN-EXPECT.tsv")) {
			f, _ := cpl.Parse("local", shared("policies", row["file"]))
			if f.Broken {
				continue
			}
			once, err := cpl.Format(f)
			Expect(err).NotTo(HaveOccurred(), row["file"])
			again, _ := cpl.Parse("local", []byte(once))
			Expect(sameTree(f, again)).To(BeEmpty(), row["file"])
			Expect(again.Comments).To(HaveLen(len(f.Comments)))
			Expect(formatted(once)).To(Equal(once), row["file"])
		}
	})
})

// FuzzFormat holds that what can be read can be formatted, to the same tree, and
// that formatting twice changes nothing.
func FuzzFormat(f *testing.F) {
	seeds(f)
	for _, text := range []string{"<Proxy>\nDENY ; a \\\nb\n", "define string s\n>\\\n>\nend", "<Proxy>\n[url]\n\\ \n", "restrict dns\n;\nend\n#if\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tree, _ := cpl.Parse("fuzz", text)
		if tree.Broken {
			return
		}
		once, err := cpl.Format(tree)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := cpl.Parse("fuzz", []byte(once))
		if diff := sameTree(tree, again); diff != "" {
			t.Fatalf("another tree after formatting:\n%s\n%s", once, diff)
		}
		if twice, err := cpl.Format(again); err != nil || twice != once {
			t.Fatalf("formatting again changes it (%v):\n%q\n%q", err, once, twice)
		}
	})
}
