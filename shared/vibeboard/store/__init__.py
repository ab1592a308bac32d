"""DynamoDB and S3: the only package that knows where state is kept."""
