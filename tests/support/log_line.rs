//! S3 server access log lines, as AWS writes them (User Guide, "Amazon S3 server access log format").

/// A successful GET from `ip` on `bucket`, which a test then changes.
#[derive(Clone, Debug)]
pub(crate) struct LogLine {
    bucket: String,
    time: String,
    ip: String,
    requester: String,
    operation: String,
    request_uri: String,
    status: String,
    error_code: String,
    user_agent: String,
}

/// The line of a successful GET of one object.
pub(crate) fn log_line(bucket: &str, ip: &str) -> LogLine {
    LogLine {
        bucket: bucket.to_owned(),
        time: "14/Nov/2023:22:13:20 +0000".to_owned(),
        ip: ip.to_owned(),
        requester: "arn:aws:iam::111122223333:user/reader".to_owned(),
        operation: "REST.GET.OBJECT".to_owned(),
        request_uri: format!("GET /{bucket}/report.csv HTTP/1.1"),
        status: "200".to_owned(),
        error_code: "-".to_owned(),
        user_agent: "aws-cli/2.13.0".to_owned(),
    }
}

impl LogLine {
    /// The time between the brackets, such as `14/Nov/2023:22:13:20 +0000`.
    pub(crate) fn time(mut self, time: &str) -> Self {
        time.clone_into(&mut self.time);
        self
    }

    /// The request line between the quotes; S3 does not escape quotes in it.
    pub(crate) fn request_uri(mut self, uri: &str) -> Self {
        uri.clone_into(&mut self.request_uri);
        self
    }

    /// The HTTP status; `-` where AWS has none.
    pub(crate) fn status(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    /// The requester; may hold spaces (a CloudFront origin access identity).
    pub(crate) fn requester(mut self, requester: &str) -> Self {
        requester.clone_into(&mut self.requester);
        self
    }

    /// The user agent between the quotes.
    pub(crate) fn user_agent(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    /// The line, without its end.
    pub(crate) fn text(&self) -> String {
        let Self {
            bucket,
            time,
            ip,
            requester,
            operation,
            ..
        } = self;
        let Self {
            request_uri,
            status,
            error_code,
            user_agent,
            ..
        } = self;
        format!(
            "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be {bucket} [{time}] {ip} {requester} \
             3E57427F3EXAMPLE {operation} report.csv \"{request_uri}\" {status} {error_code} 113 113 7 6 \"-\" \
             \"{user_agent}\" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 \
             TLS_AES_128_GCM_SHA256 AuthHeader {bucket}.s3.us-west-1.amazonaws.com TLSv1.3 - -"
        )
    }
}
