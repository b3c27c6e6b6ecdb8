"""The template, and a stack of it in the emulator."""

from pathlib import Path

from cfnlint.decode import cfn_yaml

TEMPLATE = Path(__file__).parents[1] / "aws/batchway.yaml"
NAME = "live2"

# What moto's CloudFormation has no notion of and passes over.
NOT_IN_MOTO = {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::CloudWatch::Alarm"}


def template():
    return cfn_yaml.load(str(TEMPLATE))


class Stack:
    """The template created as docs/deployment.md has it, with these parameters besides."""

    def __init__(self, aws, **parameters):
        self.aws = aws
        # AWS makes this role by itself; moto wants to be told of one.
        role = self.aws.client("iam").create_service_linked_role(
            AWSServiceName="batch.amazonaws.com"
        )
        parameters = {**lists(), "BatchServiceRole": role["Role"]["Arn"], **parameters}
        self._formation = self.aws.client("cloudformation")
        self._formation.create_stack(
            StackName=NAME,
            TemplateBody=as_moto_reads_it(TEMPLATE.read_text()),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        self.description = self._formation.describe_stacks(StackName=NAME)["Stacks"][0]

    @property
    def outputs(self):
        return {one["OutputKey"]: one["OutputValue"] for one in self.description["Outputs"]}

    @property
    def environment(self):
        """The lines of the gateway's environment file."""
        return dict(line.split("=", 1) for line in self.outputs["Environment"].split())

    def types(self):
        listed = self._formation.list_stack_resources(StackName=NAME)["StackResourceSummaries"]
        return {one["ResourceType"] for one in listed if "ResourceType" in one}

    def key_of_service(self):
        iam = self.aws.client("iam")
        key = iam.create_access_key(UserName=self.outputs["ServiceUserName"])["AccessKey"]
        return {name: key[name] for name in ("AccessKeyId", "SecretAccessKey")}

    def session_of_job(self):
        """What ECS gives to a container: credentials of the job role."""
        assumed = self.aws.client("sts").assume_role(
            RoleArn=self.outputs["JobRoleArn"], RoleSessionName="job"
        )
        return assumed["Credentials"]


def lists():
    """moto splits no defaults."""
    parameters = template()["Parameters"]
    return {
        name: parameter["Default"]
        for name, parameter in parameters.items()
        if parameter["Type"] == "CommaDelimitedList"
    }


def as_moto_reads_it(text):
    """moto takes the zones of '' for those of us-east-1."""
    return text.replace("!GetAZs ''", "!GetAZs eu-central-1")
