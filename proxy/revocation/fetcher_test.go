package revocation_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/revocation"
)

var _ = Describe("HTTPFetcher", func() {
	// over is a fetcher whose transport hands requests to handler.
	over := func(handler http.HandlerFunc) revocation.HTTPFetcher {
		return revocation.HTTPFetcher{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if err := r.Context().Err(); err != nil {
				return nil, err
			}
			w := httptest.NewRecorder()
			handler(w, r)
			return w.Result(), nil
		})}
	}

	It("sends a GET as it stands, escapes and all", func(ctx SpecContext) {
		var seen string
		status, content, err := over(func(w http.ResponseWriter, r *http.Request) {
			seen = r.URL.EscapedPath()
			_, _ = io.WriteString(w, "answer")
		}).Fetch(ctx, http.MethodGet, "http://status.test/ocsp/MEo%2Ba%2Fb%3D", nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(200))
		Expect(string(content)).To(Equal("answer"))
		Expect(seen).To(Equal("/ocsp/MEo%2Ba%2Fb%3D"))
	})

	It("says what a POST carries", func(ctx SpecContext) {
		var kind string
		var sent []byte
		_, _, err := over(func(_ http.ResponseWriter, r *http.Request) {
			kind = r.Header.Get("Content-Type")
			sent, _ = io.ReadAll(r.Body)
		}).Fetch(ctx, http.MethodPost, "http://status.test/ocsp", []byte("request"))
		Expect(err).NotTo(HaveOccurred())
		Expect(kind).To(Equal("application/ocsp-request"))
		Expect(string(sent)).To(Equal("request"))
	})

	It("follows redirects, but not to https and not for ever", func(ctx SpecContext) {
		f := over(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/moved":
				http.Redirect(w, r, "/here", http.StatusFound)
			case "/tls":
				http.Redirect(w, r, "https://status.test/here", http.StatusFound)
			case "/circle":
				http.Redirect(w, r, "/circle", http.StatusFound)
			}
		})
		status, _, err := f.Fetch(ctx, http.MethodGet, "http://status.test/moved", nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(200))
		_, _, err = f.Fetch(ctx, http.MethodGet, "http://status.test/tls", nil)
		Expect(err).To(MatchError(ContainSubstring("redirected to https, only http is followed")))
		_, _, err = f.Fetch(ctx, http.MethodGet, "http://status.test/circle", nil)
		Expect(err).To(MatchError(ContainSubstring("more than 3 redirects")))
	})

	It("reads no more than a verifier takes", func(ctx SpecContext) {
		_, content, err := over(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, io.LimitReader(zeros{}, revocation.MaxCRL+100))
		}).Fetch(ctx, http.MethodGet, "http://status.test/huge.crl", nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(content).To(HaveLen(revocation.MaxCRL + 1))
	})

	It("ends with the context, and refuses what is no URL", func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, _, err := over(func(http.ResponseWriter, *http.Request) {}).Fetch(ctx, http.MethodGet, "http://status.test/", nil)
		Expect(err).To(MatchError(context.Canceled))
		_, _, err = over(nil).Fetch(context.Background(), http.MethodGet, "http://status.test/\x00", nil)
		Expect(err).To(MatchError(ContainSubstring("invalid control character")))
	})
})

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
