package accesslog

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"
)

// field is a column: its name in #Fields and its value.
type field struct {
	name string
	// quoted values stand in quotes whatever they are; "-" does not.
	quoted bool
	// gap is one more space after the value.
	gap   bool
	value func(*Record, *Log) string
}

// fields are all columns that some format has.
//
// Modelled: x-rs-certificate-validate-status but for CERT_VALID, and the words of
// x-rs-certificate-observed-errors but for none; what the appliance asks other
// services for (threat risks, applications, ICAP, countries) is what it writes
// without them.
func fields() []field {
	text := func(get func(*Record) string) func(*Record, *Log) string {
		return func(r *Record, _ *Log) string { return get(r) }
	}
	constant := func(s string) func(*Record, *Log) string { return func(*Record, *Log) string { return s } }
	return []field{
		{name: "date", value: text(func(r *Record) string { return r.Time.UTC().Format(time.DateOnly) })},
		{name: "time", value: text(func(r *Record) string { return r.Time.UTC().Format(time.TimeOnly) })},
		{name: "time-taken", value: text(func(r *Record) string { return strconv.FormatInt(r.Taken.Milliseconds(), 10) })},
		{name: "c-ip", value: text(func(r *Record) string { return address(r.Client) })},
		{name: "cs-username", value: text(func(r *Record) string { return r.User })},
		{name: "cs-auth-group", value: text(func(r *Record) string { return r.Group })},
		{name: "s-supplier-name", value: text(func(r *Record) string { return r.Supplier })},
		{name: "s-supplier-ip", value: text(func(r *Record) string { return address(r.SupplierAddr) })},
		{name: "s-supplier-country", value: constant("None")},
		{name: "s-supplier-failures", value: constant("")},
		{name: "x-exception-id", value: text(func(r *Record) string { return r.Exception })},
		{name: "sc-filter-result", value: text(filterResult)},
		{name: "cs-categories", quoted: true, value: text(func(r *Record) string { return categories(r.Categories) })},
		{name: "cs(Referer)", value: text(func(r *Record) string { return r.Referer })},
		{name: "sc-status", value: text(func(r *Record) string { return strconv.Itoa(r.Status) })},
		{name: "s-action", value: text(func(r *Record) string { return r.Action })},
		{name: "cs-method", value: text(method)},
		{name: "rs(Content-Type)", value: text(func(r *Record) string { return r.ContentType })},
		{name: "cs-uri-scheme", value: text(func(r *Record) string { return r.Scheme })},
		{name: "cs-host", value: text(func(r *Record) string { return r.Host })},
		{name: "cs-uri-port", value: text(func(r *Record) string { return number(int64(r.Port)) })},
		{name: "cs-uri-path", value: text(func(r *Record) string { return r.Path })},
		{name: "cs-uri-query", value: text(query)},
		{name: "cs-uri-extension", value: text(extension)},
		{name: "cs(User-Agent)", quoted: true, value: text(func(r *Record) string { return r.UserAgent })},
		{name: "s-ip", value: text(func(r *Record) string { return address(r.Server) })},
		{name: "sc-bytes", value: text(func(r *Record) string { return strconv.FormatInt(r.Sent, 10) })},
		{name: "cs-bytes", value: text(func(r *Record) string { return strconv.FormatInt(r.Received, 10) })},
		{name: "s-hierarchy", value: text(hierarchy)},
		{name: "s-sitename", value: text(func(r *Record) string { return r.Site })},
		{name: "x-virus-id", value: constant("")},
		{name: "cs-threat-source", value: constant("")},
		{name: "cs-threat-id", value: constant("")},
		{name: "rs-threat-source", value: constant("")},
		{name: "rs-threat-id", value: constant("")},
		{name: "x-bluecoat-application-name", quoted: true, value: constant("none")},
		{name: "x-bluecoat-application-operation", quoted: true, value: constant("none")},
		{name: "x-bluecoat-application-groups", quoted: true, value: constant("none")},
		{name: "cs-threat-risk", value: constant("unavailable")},
		{name: "x-bluecoat-access-security-policy-action", value: constant("")},
		{name: "x-bluecoat-access-security-policy-reason", value: constant("")},
		{name: "x-bluecoat-transaction-uuid", quoted: true, value: uuid},
		{name: "x-icap-reqmod-header(X-ICAP-Metadata)", value: constant("")},
		{name: "x-icap-respmod-header(X-ICAP-Metadata)", value: constant("")},
		{name: "x-rs-certificate-validate-status", value: text(validateStatus)},
		{name: "x-rs-certificate-observed-errors", value: text(observedErrors)},
		{name: "x-cs-ocsp-error", value: constant("")},
		{name: "x-rs-ocsp-error", value: text(func(r *Record) string { return r.OCSPError })},
		{name: "x-rs-connection-negotiated-ssl-version", value: text(func(r *Record) string { return r.ServerTLS.version() })},
		{name: "x-rs-connection-negotiated-cipher", value: text(func(r *Record) string { return r.ServerTLS.cipher() })},
		{name: "x-rs-connection-negotiated-cipher-size", value: text(func(r *Record) string { return number(int64(r.ServerTLS.bits())) })},
		{name: "x-rs-connection-negotiated-cipher-strength", value: text(func(r *Record) string { return r.ServerTLS.strength() })},
		{name: "x-rs-certificate-hostname", value: text(func(r *Record) string { return r.CertificateHost })},
		{name: "x-rs-certificate-hostname-category", quoted: true, value: text(certificateCategory)},
		{name: "x-rs-certificate-hostname-threat-risk", value: constant("unavailable")},
		{name: "x-cs-connection-negotiated-ssl-version", value: text(func(r *Record) string { return r.ClientTLS.version() })},
		{name: "x-cs-connection-negotiated-cipher", value: text(func(r *Record) string { return r.ClientTLS.cipher() })},
		{name: "x-cs-connection-negotiated-cipher-size", value: text(func(r *Record) string { return number(int64(r.ClientTLS.bits())) })},
		{name: "x-cs-certificate-subject", value: constant("")},
	}
}

// number is a number that is missing when it is 0.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// method is "unknown" where there is no HTTP.
func method(r *Record) string {
	if r.Method == "" {
		return "unknown"
	}
	return r.Method
}

func filterResult(r *Record) string {
	if r.Denied {
		return "DENIED"
	}
	return "OBSERVED"
}

// categories are joined by semicolons; "none" says that the URL has none.
func categories(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ";")
}

func certificateCategory(r *Record) string {
	if r.CertificateHost == "" {
		return ""
	}
	return categories(r.CertificateCategories)
}

// query is the query with its question mark.
func query(r *Record) string {
	if r.Query == "" {
		return ""
	}
	return "?" + r.Query
}

// extension is what follows the last dot of the path's last segment.
func extension(r *Record) string { return strings.TrimPrefix(path.Ext(path.Base(r.Path)), ".") }

func hierarchy(r *Record) string {
	if r.Supplier == "" {
		return ""
	}
	return "DIRECT"
}

// uuid joins the transactions of one connection: the log's own number, that of the
// connection and the time at which it began, as in samples of SGOS 7.3.
func uuid(r *Record, l *Log) string {
	return fmt.Sprintf("%016x-%016x-%016x", l.box, r.Flow, uint64(max(r.FlowBegan.Unix(), 0)))
}

func validateStatus(r *Record) string {
	switch {
	case r.CertificateHost == "":
		return ""
	case len(r.CertificateErrors) == 0:
		return "CERT_VALID"
	}
	return "CERT_" + strings.ToUpper(strings.ReplaceAll(string(r.CertificateErrors[0]), "-", "_"))
}

func observedErrors(r *Record) string {
	switch {
	case r.CertificateHost == "":
		return ""
	case len(r.CertificateErrors) == 0:
		return "none"
	}
	var words []string
	for _, e := range r.CertificateErrors {
		words = append(words, string(e))
	}
	return strings.Join(words, ";")
}

func (t TLS) version() string {
	switch t.Version {
	case 0:
		return ""
	case tls.VersionTLS10:
		return "TLSv1"
	}
	return strings.Replace(tls.VersionName(t.Version), "TLS ", "TLSv", 1)
}
